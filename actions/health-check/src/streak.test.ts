import { startHttp } from '@deploy-kit/core/testing/test-server'
import { describe, expect, test } from 'vitest'
import { check } from './testing/checked.ts'

describe('a target is healthy after consecutive passes', () => {
  test('three by default, and exactly three requests', async () => {
    await using server = await startHttp((_, response) => response.end('ok'))
    const run = await check(server.url)
    expect(run.exitCode).toBe(0)
    expect(run.outputs).toMatchObject({
      healthy: 'true',
      reason: '',
      attempts: '3',
      'last-status': '200',
      'last-error': '',
    })
    expect(server.requests).toHaveLength(3)
    expect(run.text).toContain('200 OK, as expected: 1 of 3 in a row')
  })

  test('one, where one is asked for, and the headline says so', async () => {
    await using server = await startHttp((_, response) => response.end('ok'))
    const run = await check(server.url, { 'success-threshold': '1' })
    expect(run.text).toContain('is healthy: one answer as expected, after ')
    expect(server.requests).toHaveLength(1)
  })

  test('a target that takes turns between 200 and 503 never is', async () => {
    await using server = await startHttp((_, response, number) => {
      response.statusCode = number % 2 === 0 ? 503 : 200
      response.end()
    })
    const run = await check(server.url, { 'max-attempts': '8', 'success-threshold': '2' })
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'status', attempts: '8' })
    expect(run.text).toContain('Good and bad answers take turns')
  })

  test('one failure starts the count again', async () => {
    await using server = await startHttp((_, response, number) => {
      response.statusCode = number === 3 ? 500 : 200
      response.end()
    })
    const run = await check(server.url)
    expect(run.outputs).toMatchObject({ healthy: 'true', attempts: '6' })
  })

  test.each([
    ['the body', { 'expected-body': 'version 2' }],
    ['the version', { 'expected-version': '2', 'version-path': 'v' }],
    ['a condition', { conditions: '[BODY].v == 2' }],
  ])('%s counts for the streak like the status', async (_, inputs) => {
    await using server = await startHttp((_, response, number) => {
      response.end(number === 2 ? '{"v": 1, "text": "version 1"}' : '{"v": 2, "text": "version 2"}')
    })
    const run = await check(server.url, { 'success-threshold': '2', ...inputs })
    expect(run.outputs).toMatchObject({ healthy: 'true', attempts: '4' })
  })

  test('resets and 404s before the first 200 are waited out', async () => {
    await using server = await startHttp((request, response, number) => {
      if (number <= 2) return request.socket.resetAndDestroy()
      response.statusCode = number <= 4 ? 404 : 200
      response.end()
    })
    const run = await check(server.url)
    expect(run.outputs).toMatchObject({ healthy: 'true', attempts: '7' })
    expect(run.report.targets[0]?.attempts.map(({ reason }) => reason ?? 'ok')).toEqual([
      ...['connect', 'connect', 'status', 'status'],
      ...['ok', 'ok', 'ok'],
    ])
  })
})

describe('several targets', () => {
  test('are healthy when all are, and one that is ready is probed on until then', async () => {
    await using quick = await startHttp((_, response) => response.end())
    await using slow = await startHttp((_, response, number) => {
      response.statusCode = number < 6 ? 503 : 200
      response.end()
    })
    const run = await check(`${quick.url}\n${slow.url}`)
    expect(run.outputs.healthy).toBe('true')
    expect(Number(run.outputs.attempts)).toBeGreaterThanOrEqual(8)
    expect(slow.requests).toHaveLength(8)
    expect(quick.requests.length).toBeGreaterThan(3)
    expect(run.log.at(-1)).toMatch(/^All 2 targets are healthy/)
  })

  test('one that fails again after its streak has to begin anew', async () => {
    await using relapsing = await startHttp((_, response, number) => {
      response.statusCode = number === 4 ? 500 : 200
      response.end()
    })
    await using late = await startHttp((_, response, number) => {
      response.statusCode = number < 8 ? 503 : 200
      response.end()
    })
    const run = await check(`${relapsing.url}\n${late.url}`)
    expect(run.outputs.healthy).toBe('true')
    const [first] = run.report.targets
    const whole = first?.attempts.filter(({ cutOff }) => !cutOff) ?? []
    expect(whole.slice(-3).every(({ ok }) => ok)).toBe(true)
    expect(whole.filter(({ ok }) => !ok)).toHaveLength(1)
  })

  test('the outputs describe the one that decided', async () => {
    await using good = await startHttp((_, response) => response.end())
    await using bad = await startHttp((_, response) => {
      response.statusCode = 500
      response.end()
    })
    const run = await check(`${good.url}/a\n${bad.url}/b`, { timeout: '300ms' })
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ reason: 'status', 'last-status': '500' })
    expect(run.annotations[0]?.message).toContain(`${bad.url}/b (one of 2 targets) is not healthy`)
    expect(run.text).toContain(`${bad.url}/b: 500 Internal Server Error`)
  })

  test('two hundred of them need no more sockets than the budget', async () => {
    let open = 0
    let most = 0
    await using server = await startHttp((_, response) => response.end())
    server.server.on('connection', (socket) => {
      open += 1
      most = Math.max(most, open)
      socket.once('close', () => {
        open -= 1
      })
    })
    const targets = Array.from({ length: 200 }, (_, index) => `${server.url}/${index}`)
    const run = await check(targets.join('\n'), { 'success-threshold': '2' })
    expect(run.outputs.healthy).toBe('true')
    expect(run.report.targets).toHaveLength(200)
    // The server may see a connection close a little later than the client.
    expect(most).toBeLessThan(128)
    expect(Buffer.byteLength(run.outputs.report ?? '')).toBeLessThan(1_000_000)
  })

  test('two hundred of them that fail at length still fit into an output', async () => {
    await using server = await startHttp((_, response) => response.end('no'))
    const targets = Array.from({ length: 200 }, (_, index) => `${server.url}/${index}`)
    const text = 'x'.repeat(200)
    const run = await check(targets.join('\n'), { 'expected-body': text, 'failure-threshold': '20', interval: '0s' })
    expect(run.report.targets.filter(({ attempts }) => attempts.length >= 18).length).toBeGreaterThan(150)
    expect(run.report.targets.every(({ attempts }) => attempts.at(-1)?.error !== undefined)).toBe(true)
    expect(Buffer.byteLength(run.outputs.report ?? '')).toBeLessThan(1_000_000)
  })
})
