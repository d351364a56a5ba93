import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

const rehearse = fileURLToPath(new URL('../../lab/src/rehearse.ts', import.meta.url))

/** A repository with one workflow file, committed; removed when the test is over. @returns the file's path */
export async function repositoryWith(workflow: string): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'deploy-kit-e2e-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const file = join(root, '.github/workflows/test.yml')
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, workflow)
  const git = (...args: string[]) =>
    promisify(execFile)('git', ['-c', 'user.name=e2e', '-c', 'user.email=e2e@example.com', ...args], { cwd: root })
  await git('init', '--quiet', '--initial-branch=main')
  await git('add', '.')
  await git('commit', '--quiet', '--message=A workflow')
  return file
}

export interface StartedRehearsal {
  readonly pid: number
  /** Resolves when a line matches; rejects when the command ends before. */
  printed(pattern: RegExp): Promise<string>
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>
}

/** Starts `rehearse` as a terminal would: in a process group of its own. */
export function startRehearsal(...args: readonly string[]): StartedRehearsal {
  const child = spawn(process.execPath, [rehearse, ...args], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const pid = child.pid ?? 0
  onTestFinished(() => void (child.exitCode ?? child.signalCode ?? process.kill(-pid, 'SIGKILL')))
  const waiting = new Set<() => void>()
  let output = ''
  const receive = (text: string): void => {
    output += text
    for (const look of waiting) look()
  }
  child.stdout.setEncoding('utf8').on('data', receive)
  child.stderr.setEncoding('utf8').on('data', receive)
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, output }))
  })
  return {
    pid,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(output)
          if (match) resolve(match[0])
        }
        waiting.add(look)
        look()
        void ended.then(() => reject(new Error(`It ended without printing ${pattern}:\n${output}`)))
      }),
  }
}
