import { findClosedPort, startHttp, startTcp } from '@deploy-kit/core/testing/test-server'
import { describe, expect, test } from 'vitest'
import { check } from './testing/checked.ts'

/** What a target can do to keep a client waiting. */
const STALLS: Readonly<Record<string, Parameters<typeof startTcp>[0]>> = {
  'never answers': () => undefined,
  'sends half a header': (socket) => socket.write('HTTP/1.1 200 OK\r\nX-Half: '),
  'sends one byte a moment': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const timer = setInterval(() => socket.write('.'), 20)
    socket.once('close', () => clearInterval(timer))
  },
  'never ends its body': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc'),
  'sends interim answers for ever': (socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 20)
    socket.once('close', () => clearInterval(timer))
  },
}

describe('the deadline holds', () => {
  test.each(Object.entries(STALLS))('with a target that %s', async (_, serve) => {
    await using server = await startTcp(serve)
    const run = await check(server.url, { timeout: '300ms', 'request-timeout': '10s' })
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'timeout', attempts: '1' })
    expect(Number(run.outputs['elapsed-ms'])).toBeGreaterThanOrEqual(299)
    expect(run.report.targets[0]?.attempts).toMatchObject([{ ok: false, cutOff: true }])
  })

  test('with a target that hangs in the TLS handshake', async () => {
    await using server = await startTcp(() => undefined)
    const run = await check(server.url.replace('http', 'https'), { timeout: '300ms' })
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'timeout' })
    expect(run.outputs['last-error']).toBe('Cut off in the TLS handshake')
  })

  test('with a body that does not end and is quick', async () => {
    await using server = await startHttp((_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        response.once('drain', write)
      }
      write()
    })
    const run = await check(server.url, { 'success-threshold': '1' })
    expect(run.outputs).toMatchObject({ healthy: 'true', attempts: '1' })
  })

  test('with redirects that do not end', async () => {
    await using server = await startHttp((request, response) => {
      response.writeHead(302, { location: `${request.url}?` })
      response.end()
    })
    const run = await check(server.url, { 'max-attempts': '1', 'success-threshold': '1' })
    expect(run.outputs.reason).toBe('redirect')
    expect(run.outputs['last-error']).toContain('after 5 redirects (max-redirects)')
    expect(server.requests).toHaveLength(6)
  })

  test('and the reason is that of the last complete failure', async () => {
    await using server = await startHttp((_, response, number) => {
      if (number > 2) return
      response.statusCode = 404
      response.end()
    })
    const run = await check(server.url, { timeout: '400ms' })
    expect(run.outputs).toMatchObject({ reason: 'status', attempts: '3', 'last-status': '404' })
  })

  test('and a streak that did not get ready is a timeout', async () => {
    await using server = await startHttp((_, response, number) => {
      if (number <= 2) response.end()
    })
    const run = await check(server.url, { timeout: '400ms' })
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'timeout', attempts: '3' })
  })
})

describe('one attempt', () => {
  test.each(Object.entries(STALLS))('costs its request-timeout when the target %s, and no more', async (_, serve) => {
    await using server = await startTcp((socket, number) => {
      if (number === 1) serve(socket, number)
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    const run = await check(server.url, { 'request-timeout': '150ms' })
    expect(run.outputs.healthy).toBe('true')
    const [first] = run.report.targets[0]?.attempts ?? []
    expect(first).toMatchObject({ ok: false, reason: 'timeout' })
    expect(first?.error).toContain('after request-timeout 150ms')
  })

  test('that took longer than max-response-time is a timeout', async () => {
    await using server = await startHttp((_, response) => setTimeout(() => response.end('late'), 60))
    const run = await check(server.url, { 'max-response-time': '20ms', 'max-attempts': '3' })
    expect(run.outputs.reason).toBe('timeout')
    expect(run.outputs['last-error']).toMatch(/^The answer took \d+ms, more than max-response-time 20ms$/)
    expect(Number(run.outputs['response-time-ms'])).toBeGreaterThanOrEqual(59)
  })
})

describe('pauses', () => {
  test('grow with backoff-coefficient up to max-interval', async () => {
    const port = await findClosedPort()
    const run = await check(`tcp://127.0.0.1:${port}`, {
      ...{ interval: '20ms', 'backoff-coefficient': '2', 'max-interval': '80ms', 'max-attempts': '6' },
    })
    const starts = run.report.targets[0]?.attempts.map(({ startedAt }) => Date.parse(startedAt)) ?? []
    const pauses = starts.slice(1).map((start, index) => start - (starts[index] ?? 0))
    expect(pauses).toHaveLength(5)
    // The system may wake us up late, but never early (but for rounding).
    for (const [index, least] of [20, 40, 80, 80, 80].entries()) expect(pauses[index]).toBeGreaterThanOrEqual(least - 2)
  })

  test('are at least what Retry-After asks for in seconds, more than max-interval too', async () => {
    await using server = await startHttp((_, response, number) => {
      if (number === 1) response.writeHead(429, { 'retry-after': '1' })
      response.end()
    })
    const run = await check(server.url, { 'success-threshold': '1', 'max-interval': '20ms' })
    expect(run.outputs.healthy).toBe('true')
    const [first, second] = run.report.targets[0]?.attempts ?? []
    expect(Date.parse(second?.startedAt ?? '') - Date.parse(first?.startedAt ?? '')).toBeGreaterThanOrEqual(998)
  })

  test('are at least what Retry-After asks for as a date', async () => {
    await using server = await startHttp((_, response, number) => {
      // Dates have whole seconds, so this one is one to two seconds away.
      if (number === 1) response.writeHead(503, { 'retry-after': new Date(Date.now() + 2000).toUTCString() })
      response.end()
    })
    const run = await check(server.url, { 'success-threshold': '1' })
    const [first, second] = run.report.targets[0]?.attempts ?? []
    expect(Date.parse(second?.startedAt ?? '') - Date.parse(first?.startedAt ?? '')).toBeGreaterThanOrEqual(900)
  })

  test('asked for with Retry-After are capped by the deadline', async () => {
    await using server = await startHttp((_, response) => {
      response.writeHead(503, { 'retry-after': '9'.repeat(400) })
      response.end()
    })
    const run = await check(server.url, { timeout: '300ms' })
    expect(run.outputs).toMatchObject({ reason: 'status', attempts: '1' })
    expect(run.text).toContain(
      '503 Service Unavailable, expected 200-299; it asks to wait more than a day (Retry-After)',
    )
    expect(run.text).toContain('It asked to wait (Retry-After: 9999999999999999999999999999999999999999…)')
  })

  test('begin with initial-delay', async () => {
    await using server = await startHttp((_, response) => response.end())
    const run = await check(server.url, { 'initial-delay': '200ms', 'success-threshold': '1' })
    expect(run.outputs.healthy).toBe('true')
    expect(Number(run.outputs['elapsed-ms'])).toBeGreaterThanOrEqual(199)
  })
})
