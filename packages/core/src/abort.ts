import type { Clock } from './clock.ts'

/**
 * A signal that aborts after `ms` or together with one of `parents`, and lets go of its timer and listeners when it
 * is disposed: `using limit = abortAfter(…)`. AbortSignal.timeout would keep running on a clock of its own.
 */
export function abortAfter(
  ms: number,
  clock: Clock,
  ...parents: readonly AbortSignal[]
): Disposable & { signal: AbortSignal; timedOut(): boolean } {
  const controller = new AbortController()
  const timer = new AbortController()
  let timedOut = false
  const follow = (): void => controller.abort()
  for (const parent of parents) {
    if (parent.aborted) controller.abort()
    parent.addEventListener('abort', follow, { once: true })
  }
  void clock.sleep(ms, timer.signal).then(() => {
    if (timer.signal.aborted || controller.signal.aborted) return
    timedOut = true
    controller.abort()
  })
  return {
    signal: controller.signal,
    timedOut: () => timedOut,
    [Symbol.dispose]() {
      timer.abort()
      for (const parent of parents) parent.removeEventListener('abort', follow)
    },
  }
}

/**
 * What `work` gives, or an AbortError as soon as the signal aborts: work that does not listen to the signal cannot hold
 * whoever waits for it.
 *
 * @throws {DOMException} AbortError
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(new DOMException('The work was given up.', 'AbortError'))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
