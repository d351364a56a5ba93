import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { steps, writeRepository } from './rehearsal/testing/rehearsed.ts'
import { expectGone, processTree } from './testing/process-tree.ts'

const command = fileURLToPath(new URL('rehearse.ts', import.meta.url))

interface Rehearsing {
  readonly process: ChildProcess
  /** What it has printed so far, on either stream. */
  readonly lines: string[]
  readonly exitCode: Promise<number | null>
}

/** Runs the command as a terminal does, in a process group of its own. */
async function start(
  workflow: string,
  {
    args = [],
    path = process.env.PATH,
  }: { readonly args?: readonly string[]; readonly path?: string | undefined } = {},
): Promise<Rehearsing> {
  const { root } = await writeRepository(workflow, { isCommitted: true })
  const child = spawn(process.execPath, [command, '.github/workflows/test.yml', ...args], {
    detached: true,
    env: { PATH: path, HOME: root, INIT_CWD: root },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void (child.exitCode ?? child.signalCode ?? process.kill(-child.pid!, 'SIGKILL')))
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line))
  return {
    process: child,
    lines,
    exitCode: once(child, 'close').then(([code]) => code as number | null),
  }
}

test('a workflow of one’s own is played against a lab: its AWS calls are answered, and the report is written', async () => {
  const { lines, exitCode } = await start(
    steps(
      `
- uses: actions/checkout@v4
- uses: aws-actions/configure-aws-credentials@v4
  with: { aws-region: eu-central-1, role-to-assume: "\${{ vars.ROLE }}" }
- name: Read
  run: |
    curl --silent --show-error --fail --output /dev/null "\${{ vars.LAB_SERVICE_URL }}"
    test -n "$AWS_SESSION_TOKEN" && test "\${{ inputs.none }}" = ""`,
      'permissions: { id-token: write }',
    ),
    { args: ['--var', 'ROLE=arn:aws:iam::111122223333:role/mine'] },
  )
  expect(await exitCode, lines.join('\n')).toBe(0)
  expect(lines).toContainEqual(expect.stringMatching(/^test: ✓ Read \d/))
  const path = /^Report: (\/.*\.html)$/.exec(lines.at(-1) ?? '')?.[1] ?? ''
  expect(await readFile(path, 'utf8')).toContain('Read')
  await rm(path)
})

test('what is refused is refused at once, with file and line, and exit code 1', async () => {
  const { lines, exitCode } = await start(
    'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: x\n    steps:\n      - run: echo\n',
  )
  expect(await exitCode).toBe(1)
  expect(lines).toEqual([
    'Refused, nothing was run:',
    ".github/workflows/test.yml:5:16: Job 'a' runs in a container; the rehearsal has no container engine",
  ])
})

/** A workflow whose first step does not end, and a promise that resolves when it runs. */
async function waitingWorkflow(): Promise<{ readonly workflow: string; readonly waits: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'rehearse-test-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const flag = join(folder, 'waiting')
  const workflow = steps(`
- { name: Wait, run: "touch ${flag}; exec sleep 600" }
- { name: Clean up, if: always(), run: echo }
- { name: Go on, run: echo }`)
  return { workflow, waits: () => expect.poll(() => existsSync(flag), { timeout: 20_000 }).toBe(true) }
}

test('Ctrl-C cancels: the step is interrupted, always() steps run, and no process is left', async () => {
  const { workflow, waits } = await waitingWorkflow()
  const rehearsing = await start(workflow)
  await waits()
  const tree = await processTree(rehearsing.process.pid!)
  process.kill(-rehearsing.process.pid!, 'SIGINT')
  expect(await rehearsing.exitCode, rehearsing.lines.join('\n')).toBe(1)
  expect(rehearsing.lines).toContainEqual(expect.stringMatching(/^test: ■ Wait /))
  expect(rehearsing.lines).toContainEqual(expect.stringMatching(/^test: ✓ Clean up /))
  expect(rehearsing.lines).toContainEqual(expect.stringMatching(/^test: - Go on .*the job was cancelled/))
  expect(rehearsing.lines).toContain('The workflow ended: cancelled')
  await expectGone(tree, 10_000)
})

test('Ctrl-C that hits what prepares the run is a cancellation, not a failure of that program', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rehearse-test-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'git'), '#!/bin/sh\nkill -INT 0\n', { mode: 0o755 })
  const { lines, exitCode } = await start(steps('- run: echo'), { path: `${folder}:${process.env.PATH}` })
  expect(await exitCode).toBe(1)
  expect(lines).toEqual([
    'Cancelling: steps with always() and post steps still run. Press Ctrl-C again to end at once.',
    'Cancelled before the run had finished; nothing is left running',
  ])
})

test('kill -9 leaves no process that outlives 10 s', async () => {
  const { workflow, waits } = await waitingWorkflow()
  const rehearsing = await start(workflow)
  await waits()
  const tree = await processTree(rehearsing.process.pid!)
  expect(tree.length).toBeGreaterThan(5)
  rehearsing.process.kill('SIGKILL')
  await expectGone(tree, 10_000)
})
