import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ProcessKeeper } from './process-keeper.ts'
import { expectGone, isGone } from './testing/process-tree.ts'

const env = { PATH: process.env.PATH }
const keepers: ProcessKeeper[] = []

function createKeeper(dataDirectory?: string): ProcessKeeper {
  const keeper = new ProcessKeeper(dataDirectory)
  keepers.push(keeper)
  return keeper
}

afterEach(async () => {
  for (const keeper of keepers.splice(0)) await keeper[Symbol.asyncDispose]()
})

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = await once(createInterface({ input: child.stdout! }), 'line')
  return String(line)
}

describe.runIf(process.platform === 'linux')('A process that the lab started', () => {
  test('has no more of the lab environment than it was given', async () => {
    const child = createKeeper().spawn('env', [], { env: { PATH: '/bin:/usr/bin' }, stdio: 'pipe' })
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout! })) lines.push(line)
    expect(lines.map((line) => line.split('=')[0]).sort()).toEqual(['LAB_PROCESS', 'PATH'])
  })

  test('is signalled together with its children', async () => {
    const keeper = createKeeper()
    const script = 'trap "echo stopped; exit 3" TERM; sleep 100 & echo $!; wait'
    const child = keeper.spawn('sh', ['-c', script], { env, stdio: 'pipe' })
    const sleeper = Number(await firstLine(child))
    keeper.signal(child, 'SIGTERM')
    expect(await once(child, 'exit')).toEqual([3, null])
    await expectGone([sleeper])
  })

  test('takes with it what it left running, in its group or in another session', async () => {
    const child = createKeeper().spawn('sh', ['-c', 'sleep 100 & echo $!; setsid sleep 100 & echo $!'], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const lines: string[] = []
    createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line))
    await once(child, 'exit')
    await vi.waitFor(() => expect(lines).toHaveLength(2), { timeout: 20_000 })
    await expectGone(lines.map(Number))
  })

  test('can leave background processes, until the keeper is disposed', async () => {
    const keeper = createKeeper()
    const child = keeper.spawn('sh', ['-c', 'sleep 100 >/dev/null & echo $!'], {
      env,
      stdio: 'pipe',
      outlivedByGroup: true,
    })
    const sleeper = Number(await firstLine(child))
    if (child.exitCode === null) await once(child, 'exit')
    expect(await isGone(sleeper)).toBe(false)
    await keeper[Symbol.asyncDispose]()
    await expectGone([sleeper])
  })

  test('ends with the keeper even when it ignores SIGTERM, and the data directory is removed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'process-keeper-'))
    await writeFile(join(directory, 'file'), 'data')
    const keeper = createKeeper(directory)
    const child = keeper.spawn('sh', ['-c', 'trap "" TERM; echo ready; sleep 100'], { env, stdio: 'pipe' })
    await firstLine(child)
    await keeper[Symbol.asyncDispose]()
    expect(child.signalCode).toBe('SIGKILL')
    expect(existsSync(directory)).toBe(false)
  })

  test('does not outlive a lab that is killed with SIGKILL', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'process-keeper-'))
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', ownerSource(directory)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const pids = (await firstLine(owner)).split(' ').map(Number)
    expect(pids).toHaveLength(2)
    owner.kill('SIGKILL')
    await expectGone(pids)
    await vi.waitFor(() => expect(existsSync(directory)).toBe(false), { timeout: 20_000 })
  })

  test('is not started by a keeper that was disposed', async () => {
    const keeper = createKeeper()
    await keeper[Symbol.asyncDispose]()
    expect(() => keeper.spawn('true', [], { env, stdio: 'ignore' })).toThrow('The lab is closing')
  })
})

/** A lab that keeps a process which ignores SIGTERM and which has a child in another session. */
function ownerSource(directory: string): string {
  return `
    import { ProcessKeeper } from ${JSON.stringify(new URL('process-keeper.ts', import.meta.url).href)}
    const keeper = new ProcessKeeper(${JSON.stringify(directory)})
    const script = 'trap "" TERM; setsid sleep 100 & echo $$ $!; wait'
    keeper.spawn('sh', ['-c', script], { env: { PATH: process.env.PATH }, stdio: ['ignore', 'inherit', 'inherit'] })
  `
}
