import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

const command = fileURLToPath(new URL('../../lab/src/rehearse.ts', import.meta.url))

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

/** Runs the command to its end. */
export async function rehearse(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGINT'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}
