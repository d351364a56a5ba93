import { describe, expect, test } from 'vitest'
import { VirtualClock } from './testing/virtual-clock.ts'
import { type Look, pauseWithin, type WaitOptions, waitUntil } from './wait.ts'

function looksOf(...verdicts: Look<number>['verdict'][]): WaitOptions<number>['look'] {
  return async (_, attempt) => {
    const verdict = verdicts[Math.min(attempt, verdicts.length) - 1] ?? 'pending'
    return { verdict, state: verdict, value: attempt }
  }
}

async function run(options: Partial<WaitOptions<number>> & Pick<WaitOptions<number>, 'look'>) {
  const lines: string[] = []
  const clock = new VirtualClock()
  const result = await waitUntil({
    timeoutMs: 60_000,
    everyMs: 2000,
    signal: new AbortController().signal,
    clock,
    report: (line) => lines.push(line),
    ...options,
  })
  return { result, lines, clock }
}

describe('waitUntil', () => {
  test('looks at once and passes with the first pass', async () => {
    const { result } = await run({ look: looksOf('pass') })
    expect(result).toMatchObject({ kind: 'passed', looks: 1, elapsedMs: 0 })
  })

  test('wants the whole streak, and any failure starts it anew', async () => {
    const { result } = await run({ look: looksOf('pass', 'pass', 'pending', 'pass', 'pass', 'pass'), streak: 3 })
    expect(result).toMatchObject({ kind: 'passed', looks: 6, elapsedMs: 10_000 })
  })

  test('stops at once when waiting on is hopeless', async () => {
    const { result } = await run({ look: looksOf('pending', 'stop') })
    expect(result).toMatchObject({ kind: 'stopped', looks: 2, last: { value: 2 } })
  })

  test('ends exactly at the deadline and keeps the last complete look', async () => {
    const { result } = await run({ look: looksOf('pending'), timeoutMs: 5000 })
    expect(result).toMatchObject({ kind: 'timed-out', looks: 3, elapsedMs: 5000, last: { value: 3 } })
  })

  test('is not held by a look that never settles, and says while it hangs that nothing was heard', async () => {
    const { result, lines } = await run({ look: () => new Promise(() => undefined), timeoutMs: 65_000 })
    expect(result).toMatchObject({ kind: 'timed-out', looks: 1, elapsedMs: 65_000 })
    expect(lines).toEqual(['no answer yet (30s elapsed, 35s left)', 'no answer yet (1m 00s elapsed, 5.0s left)'])
  })

  test('ends at once when the step is cancelled', async () => {
    const cancelled = new AbortController()
    const look: WaitOptions<number>['look'] = async (_, attempt) => {
      if (attempt === 2) cancelled.abort()
      return { verdict: 'pass', state: 'fine', value: attempt }
    }
    const { result } = await run({ look, streak: 5, signal: cancelled.signal })
    expect(result).toMatchObject({ kind: 'cancelled', looks: 2, elapsedMs: 2000 })
  })

  test('prints a line when the state changes and one every 30 s while it does not', async () => {
    const { lines } = await run({ look: looksOf('pending'), timeoutMs: 70_000 })
    expect(lines).toEqual([
      'pending (0ms elapsed, 1m 10s left)',
      'still: pending (30s elapsed, 40s left)',
      'still: pending (1m 00s elapsed, 10s left)',
    ])
  })

  test('waits for as long as the target asks, capped by the deadline', async () => {
    const look: WaitOptions<number>['look'] = async (_, attempt) => ({
      verdict: 'pending',
      state: 'busy',
      value: attempt,
      notBeforeMs: attempt === 1 ? 20_000 : 1_000_000,
    })
    const { result } = await run({ look, timeoutMs: 30_000 })
    expect(result).toMatchObject({ kind: 'timed-out', looks: 2, elapsedMs: 30_000 })
  })

  test('backs off up to the longest pause', async () => {
    const startedMs: number[] = []
    const clock = new VirtualClock()
    const look: WaitOptions<number>['look'] = async (_, attempt) => {
      startedMs.push(clock.nowMs())
      return { verdict: attempt === 5 ? 'pass' : 'pending', state: 'x', value: attempt }
    }
    await run({ look, clock, everyMs: 1000, backoffCoefficient: 2, maxEveryMs: 3000 })
    expect(startedMs).toEqual([0, 1000, 3000, 6000, 9000])
  })

  test('spreads each pause by the jitter', async () => {
    const { result } = await run({ look: looksOf('pending', 'pass'), jitter: 0.5, random: () => 1 })
    expect(result.elapsedMs).toBe(3000)
  })

  test('throws what a look throws', async () => {
    const look = async (): Promise<never> => {
      throw new Error('denied')
    }
    await expect(run({ look })).rejects.toThrow('denied')
  })
})

describe('the pause between two looks', () => {
  test.each([
    [10_000, [7_200_000], 10_000],
    [10_000, [30_000], 3000],
    [5000, [1_800_000, 20_000], 2000],
    [10_000, [1000], 250],
    [20, [1000], 20],
    [10_800_000, [7_200_000], 720_000],
  ])('of %d ms within limits of %j ms is %d ms', (intervalMs, limitsMs, pauseMs) => {
    expect(pauseWithin(intervalMs, ...limitsMs)).toBe(pauseMs)
  })
})
