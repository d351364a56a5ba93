import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessKeeper } from '../process-keeper.ts'

export interface ProcessRequest {
  readonly keeper: ProcessKeeper
  readonly command: string
  readonly arguments: readonly string[]
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
  readonly onLine: (line: string) => void
  readonly onStart: (child: ChildProcess) => void
  /** Aborted when the step is cancelled or has run out of time. */
  readonly signal: AbortSignal
}

export type ProcessEnd =
  | { readonly kind: 'exited'; readonly code: number }
  /** It ended, one way or another, after `signal` was aborted. */
  | { readonly kind: 'aborted' }
  | { readonly kind: 'notStarted'; readonly message: string }

/** How GitHub's runner ends a step: SIGINT, SIGTERM 7.5 s later, SIGKILL 2.5 s after that. */
const interruptMs = 7500
const terminateMs = 2500
/** A process that was left in the background may hold the output open: it is listened to, but not waited for. */
const drainMs = 1000

/** Runs one process of a step and passes its output on by the line. */
export async function runProcess(request: ProcessRequest): Promise<ProcessEnd> {
  if (request.signal.aborted) return { kind: 'aborted' }
  const child = request.keeper.spawn(request.command, request.arguments, {
    cwd: request.directory,
    env: request.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    outlivedByGroup: true,
  })
  request.onStart(child)
  const closed = Promise.all([readLines(child.stdout!, request.onLine), readLines(child.stderr!, request.onLine)])
  const ended = new AbortController()
  const exit = new Promise<ProcessEnd>((resolve) => {
    child.once('error', (error) => resolve({ kind: 'notStarted', message: error.message }))
    child.once('exit', (code, signal) =>
      resolve({ kind: 'exited', code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'] }),
    )
  })
  const end = () =>
    endInSteps(
      (signal) => child.kill(signal),
      () => request.keeper.signal(child, 'SIGKILL'),
      ended.signal,
    )
  request.signal.addEventListener('abort', end, { once: true })
  try {
    const result = await exit
    if (result.kind === 'exited') await Promise.race([closed, sleep(drainMs, undefined, { signal: ended.signal })])
    return request.signal.aborted ? { kind: 'aborted' } : result
  } finally {
    ended.abort()
    request.signal.removeEventListener('abort', end)
  }
}

/** The signal goes to the step's own process, a shell for instance; only the last one to all that it started. */
async function endInSteps(
  send: (signal: NodeJS.Signals) => void,
  killAll: () => void,
  ended: AbortSignal,
): Promise<void> {
  try {
    send('SIGINT')
    await sleep(interruptMs, undefined, { signal: ended })
    send('SIGTERM')
    await sleep(terminateMs, undefined, { signal: ended })
    killAll()
  } catch {
    // It has ended before its time was up.
  }
}

async function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let rest = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) {
    const lines = (rest + chunk).split(/\r?\n/)
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
  if (rest !== '') onLine(rest)
}
