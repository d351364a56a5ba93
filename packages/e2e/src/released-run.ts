import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureReleasedAction } from '@deploy-kit/release/released-action'

/** What a run of a released bundle left behind, as GitHub's runner would see it. */
export interface ReleasedRun {
  readonly exitCode: number | null
  /** From the start of the process to its end. */
  readonly elapsedMs: number
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
}

export interface StartedRun {
  readonly process: ChildProcess
  readonly ended: Promise<ReleasedRun>
}

const bundles = new Map<string, Promise<string>>()

/** What is built does not change while a test runs; looking whether it is up to date reads all that it is made of. */
function bundleOf(action: string): Promise<string> {
  const bundle = bundles.get(action) ?? ensureReleasedAction(action)
  bundles.set(action, bundle)
  return bundle
}

/** Starts the built bundle of an action by itself, with nothing in its environment but what a runner gives it. */
export async function startReleased(
  action: string,
  inputs: Readonly<Record<string, string>>,
  options: { environment?: Readonly<Record<string, string>>; wrapper?: readonly string[] } = {},
): Promise<StartedRun> {
  const bundle = join(await bundleOf(action), 'dist', 'main.mjs')
  const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-run-'))
  const [outputFile, summaryFile] = [join(folder, 'output'), join(folder, 'summary')]
  await Promise.all([outputFile, summaryFile].map((file) => writeFile(file, '')))
  const inputVariables = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])
  const startedAt = performance.now()
  const [program = process.execPath, ...rest] = [...(options.wrapper ?? []), process.execPath, bundle]
  const child = spawn(program, rest, {
    cwd: folder,
    env: {
      ...options.environment,
      ...Object.fromEntries(inputVariables),
      PATH: process.env.PATH,
      RUNNER_TEMP: folder,
      GITHUB_OUTPUT: outputFile,
      GITHUB_STEP_SUMMARY: summaryFile,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text
    })
  }
  const finish = async (): Promise<ReleasedRun> => {
    const [exitCode] = await once(child, 'close')
    const elapsedMs = performance.now() - startedAt
    const [output, summary] = await Promise.all([readFile(outputFile, 'utf8'), readFile(summaryFile, 'utf8')])
    await rm(folder, { recursive: true, force: true })
    return { exitCode, elapsedMs, log, outputs: parseOutputs(output), summary }
  }
  return { process: child, ended: finish() }
}

export async function runReleased(...given: Parameters<typeof startReleased>): Promise<ReleasedRun> {
  return await (await startReleased(...given)).ended
}

/** `name<<delimiter`, lines, `delimiter`; the last of several of one name is the one that holds. */
function parseOutputs(file: string): Record<string, string> {
  const outputs: Record<string, string> = {}
  for (const [, name = '', , value = ''] of file.matchAll(/^(.+?)<<(\S+)\n([\s\S]*?)\n\2$/gm)) outputs[name] = value
  return outputs
}
