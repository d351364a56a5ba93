import { launcherEnded } from '../launcher.ts'

/** A terminal sends Ctrl-C to every process, and a package manager passes it on: within this time it is the same one. */
const samePressMs = 1000

export interface Interruption {
  /** Aborted by the first Ctrl-C (or SIGTERM): the run is to be cancelled. */
  readonly cancelled: AbortSignal
  /** Resolves at the second one, or when the command that started this program is gone: everything is to end now. */
  readonly ended: Promise<void>
}

/** Listens for the rest of the process's life. @param say tells the user what the next Ctrl-C will do */
export function listenForInterruption(say: (line: string) => void): Interruption {
  const cancelled = new AbortController()
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  let firstAt: number | undefined
  const onSignal = () => {
    firstAt ??= Date.now()
    if (Date.now() - firstAt > samePressMs) resolve()
    else if (!cancelled.signal.aborted) {
      say('Cancelling: steps with always() and post steps still run. Press Ctrl-C again to end at once.')
      cancelled.abort()
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  void launcherEnded().then(resolve)
  return { cancelled: cancelled.signal, ended }
}
