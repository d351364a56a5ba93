import type { Action } from '../action.ts'
import { type Clock, systemClock } from '../clock.ts'
import { execute } from '../execution.ts'
import type { Fields } from '../inputs.ts'
import type { Platform } from '../platform.ts'

/** What a run of an action left behind. */
export interface MemoryRun {
  readonly exitCode: 0 | 1
  readonly log: readonly string[]
  readonly outputs: Readonly<Record<string, string>>
  readonly state: Readonly<Record<string, string>>
  readonly summary: string
  readonly annotations: readonly { level: string; title: string; message: string }[]
  readonly masked: readonly string[]
}

/**
 * Runs an action in this process: the same path as in a job from the inputs on, with memory in place of GitHub's
 * files. `inputs` are named as in a workflow.
 */
export async function runInMemory<F extends Fields>(
  action: Action<F>,
  options: {
    inputs: Readonly<Record<string, string>>
    environment?: Readonly<Record<string, string | undefined>>
    phase?: 'main' | 'post'
    state?: Readonly<Record<string, string>>
    signal?: AbortSignal
    clock?: Clock
    /** Thrown in place of setting an output, as when the disk is full. */
    outputsFail?: Error
  },
): Promise<MemoryRun> {
  const left = {
    log: [] as string[],
    outputs: {} as Record<string, string>,
    state: { ...options.state },
    summary: '',
    annotations: [] as MemoryRun['annotations'][number][],
    masked: [] as string[],
  }
  const inputVariables = Object.entries(options.inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])
  const platform: Platform = {
    environment: { ...options.environment, ...Object.fromEntries(inputVariables) },
    writeLine: (line) => left.log.push(line),
    drained: () => Promise.resolve(),
    mask: (text) => left.masked.push(text),
    setOutput: (name, value) => {
      if (options.outputsFail) throw options.outputsFail
      left.outputs[name] = value
    },
    saveState: (name, value) => {
      left.state[name] = value
    },
    readState: (name) => left.state[name] ?? '',
    appendSummary: (markdown) => {
      left.summary += markdown
    },
    annotate: (level, title, message) => left.annotations.push({ level, title, message }),
  }
  const never = new AbortController().signal
  const exitCode = await execute(action, {
    phase: options.phase ?? 'main',
    platform,
    clock: options.clock ?? systemClock,
    signal: options.signal ?? never,
    cleanUpSignal: never,
  })
  return { exitCode, ...left }
}
