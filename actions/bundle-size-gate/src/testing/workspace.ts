import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Clock, systemClock } from '@deploy-kit/core/clock'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { action } from '../action.ts'

/** A folder of its own for one test, as a job's workspace with its RUNNER_TEMP beside it. */
export interface TestWorkspace extends AsyncDisposable {
  readonly path: string
  readonly runnerTemp: string
  write(files: Readonly<Record<string, string | Buffer>>): Promise<void>
  link(target: string, path: string): Promise<void>
  /** Runs the gate in it; `event` is the webhook payload. */
  run(
    inputs: Readonly<Record<string, string>>,
    environment?: Readonly<Record<string, string>>,
    event?: object,
    options?: { clock?: Clock; signal?: AbortSignal },
  ): Promise<MemoryRun>
}

export async function createWorkspace(
  files: Readonly<Record<string, string | Buffer>> = {},
  parent = tmpdir(),
): Promise<TestWorkspace> {
  const root = await realpath(await mkdtemp(join(parent, 'size-gate-test-')))
  const path = join(root, 'work')
  const runnerTemp = join(root, 'temp')
  await mkdir(path)
  await mkdir(runnerTemp)
  const workspace: TestWorkspace = {
    path,
    runnerTemp,
    async write(contents) {
      for (const [name, content] of Object.entries(contents)) {
        await mkdir(dirname(join(path, name)), { recursive: true })
        await writeFile(join(path, name), content)
      }
    },
    async link(target, name) {
      await mkdir(dirname(join(path, name)), { recursive: true })
      await symlink(target, join(path, name))
    },
    async run(inputs, environment = {}, event, options = {}) {
      const eventPath = join(root, 'event.json')
      if (event) await writeFile(eventPath, JSON.stringify(event))
      return runInMemory(action, {
        inputs,
        clock: options.clock ?? quickClock(),
        ...(options.signal && { signal: options.signal }),
        environment: {
          GITHUB_WORKSPACE: path,
          RUNNER_TEMP: runnerTemp,
          GITHUB_WORKFLOW: 'ci',
          GITHUB_JOB: 'size',
          ...(event && { GITHUB_EVENT_PATH: eventPath }),
          ...environment,
        },
      })
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
  await workspace.write(files)
  return workspace
}

/** Environment and payload of a push to the default branch. */
export function pushToMain(sha: string): [Readonly<Record<string, string>>, object] {
  const environment = { GITHUB_EVENT_NAME: 'push', GITHUB_REF: 'refs/heads/main', GITHUB_SHA: sha }
  return [environment, { repository: { default_branch: 'main' } }]
}

/** Pauses take no time and the clock goes on as if they had; what is limited in time (an answer) still has its time. */
export function quickClock(): Clock {
  let sleptMs = 0
  return {
    nowMs: () => systemClock.nowMs() + sleptMs,
    date: () => systemClock.date(),
    async sleep(ms, signal) {
      if (ms >= LIMIT_MS) return systemClock.sleep(ms, signal)
      await systemClock.sleep(0, signal)
      sleptMs += ms
    },
  }
}

/** Pauses are shorter, limits of time longer. */
const LIMIT_MS = 10_000
