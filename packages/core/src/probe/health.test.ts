import { describe, expect, test } from 'vitest'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { Log } from '../log.ts'
import { startHttp } from '../testing/test-server.ts'
import { checkHealth, type HealthOptions } from './health.ts'
import { parseStatusSet } from './status-set.ts'
import { parseTarget } from './target.ts'

function optionsFor(...urls: readonly string[]): HealthOptions {
  return {
    targets: urls.map(parseTarget),
    request: { method: 'GET', headers: [], userAgent: 'test', followRedirects: 'safe', maxRedirects: 5 },
    expectations: { status: parseStatusSet('200-299') },
    trust: {},
    timeoutMs: 5000,
    requestTimeoutMs: 1000,
    everyMs: 10,
    successThreshold: 2,
  }
}

function contextWith(lines: string[], clock: Clock = systemClock) {
  const info = (text: string): void => void lines.push(text)
  const log: Log = { info, warning: info, debug: info, group: info, outside: (all) => void lines.push(...all) }
  return { clock, log, signal: new AbortController().signal, environment: {} }
}

test('checkHealth needs no more than targets, a request, expectations and times', async () => {
  await using server = await startHttp((_, response) => response.end())
  const verdict = await checkHealth(optionsFor(server.url), contextWith([]))
  expect(verdict).toMatchObject({ kind: 'healthy', end: 'streak' })
  expect(verdict.decisive.attempts).toBe(2)
})

describe('while nothing changes', () => {
  /** A clock on which 200 s take a second. */
  function hurried(): Clock {
    const nowMs = (): number => systemClock.nowMs() * 200
    return { nowMs, date: systemClock.date, sleep: (ms, signal) => systemClock.sleep(ms / 200, signal) }
  }

  test('several targets have one line every 30 s together', async () => {
    await using server = await startHttp((_, response) => {
      response.statusCode = 503
      response.end()
    })
    const lines: string[] = []
    const urls = Array.from({ length: 5 }, (_, index) => `${server.url}/${index}`)
    const times = { timeoutMs: 300_000, requestTimeoutMs: 290_000, everyMs: 5000 }
    const verdict = await checkHealth({ ...optionsFor(...urls), ...times }, contextWith(lines, hurried()))
    expect(verdict).toMatchObject({ kind: 'unhealthy', reason: 'status' })
    const beats = lines.filter((line) => line.startsWith('still: '))
    expect(lines.length - beats.length).toBe(5)
    expect(beats.length).toBeGreaterThan(2)
    expect(beats.length).toBeLessThan(12)
    expect(beats[0]).toMatch(
      /^still: 0 of 5 targets are as expected; http:.*: 503 Service Unavailable.* elapsed, .* left\)$/,
    )
  })
})
