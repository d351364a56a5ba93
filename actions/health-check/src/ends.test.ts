import { startHttp } from '@deploy-kit/core/testing/test-server'
import { describe, expect, test } from 'vitest'
import { check, checkOnce } from './testing/checked.ts'

describe('the wait ends early', () => {
  test('at a status of fail-fast-status', async () => {
    await using server = await startHttp((_, response) => {
      response.statusCode = 401
      response.end('who are you?')
    })
    const run = await check(server.url, { 'fail-fast-status': '401,403' })
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'status', attempts: '1', 'last-status': '401' })
    expect(run.report.end).toBe('fail-fast-status')
    expect(run.annotations[0]?.message).toMatch(/; ended by fail-fast-status$/)
  })

  test('for all targets, when one of them has such a status', async () => {
    await using good = await startHttp((_, response) => response.end())
    await using refused = await startHttp((_, response, number) => {
      response.statusCode = number === 1 ? 503 : 403
      response.end()
    })
    const run = await check(`${good.url}\n${refused.url}`, { 'fail-fast-status': '403' })
    expect(run.outputs).toMatchObject({ reason: 'status', 'last-status': '403' })
  })

  test('after failure-threshold failures in a row', async () => {
    await using server = await startHttp((_, response, number) => {
      response.statusCode = number === 3 ? 200 : 500
      response.end()
    })
    const run = await check(server.url, { 'failure-threshold': '3' })
    expect(run.outputs).toMatchObject({ reason: 'status', attempts: '6' })
    expect(run.report.end).toBe('failure-threshold')
    expect(run.annotations[0]?.message).toMatch(/; ended by failure-threshold$/)
  })

  test('not before the start period is over', async () => {
    await using server = await startHttp((_, response) => {
      response.statusCode = 503
      response.end()
    })
    const run = await check(server.url, { 'failure-threshold': '2', 'start-period': '300ms' })
    expect(Number(run.outputs['elapsed-ms'])).toBeGreaterThanOrEqual(299)
    expect(Number(run.outputs.attempts)).toBeGreaterThan(2)
  })

  test('never with a start period alone, which a reusable workflow may hand on', async () => {
    await using server = await startHttp((_, response, number) => {
      response.statusCode = number < 4 ? 503 : 200
      response.end()
    })
    const run = await check(server.url, { 'start-period': '1m' })
    expect(run.outputs).toMatchObject({ healthy: 'true', attempts: '6' })
  })

  test('in the start period too once the target has been well, as in Docker', async () => {
    await using server = await startHttp((_, response, number) => {
      response.statusCode = number === 2 ? 200 : 503
      response.end()
    })
    const run = await check(server.url, { 'failure-threshold': '2', 'start-period': '9s' })
    expect(run.outputs.attempts).toBe('4')
  })

  test('after exactly max-attempts requests', async () => {
    await using server = await startHttp((_, response) => {
      response.statusCode = 500
      response.end()
    })
    const run = await check(server.url, { 'max-attempts': '5' })
    expect(run.outputs).toMatchObject({ healthy: 'false', attempts: '5' })
    expect(server.requests).toHaveLength(5)
    expect(run.report.end).toBe('max-attempts')
  })

  test('for a target that is out of attempts, while one that has its streak waits', async () => {
    await using good = await startHttp((_, response) => response.end())
    await using bad = await startHttp((_, response) => {
      response.statusCode = 500
      setTimeout(() => response.end(), 30)
    })
    const run = await check(`${good.url}\n${bad.url}`, { 'max-attempts': '4' })
    expect(good.requests).toHaveLength(4)
    expect(bad.requests).toHaveLength(4)
    expect(run.outputs).toMatchObject({ reason: 'status', attempts: '4' })
  })

  test('when the step is cancelled, in the middle of an attempt, with its outputs', async () => {
    const cancel = new AbortController()
    await using server = await startHttp(() => cancel.abort())
    const run = await check(server.url, { timeout: '1m', 'fail-on-unhealthy': 'false' }, { signal: cancel.signal })
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ healthy: 'false', attempts: '1' })
    expect(run.annotations[0]?.message).toMatch(/^Cancelled after .*, before http.* was healthy$/)
  })

  test('when the step is cancelled in the last of max-attempts', async () => {
    const cancel = new AbortController()
    await using server = await startHttp(() => cancel.abort())
    const run = await checkOnce(server.url, { 'fail-on-unhealthy': 'false' }, { signal: cancel.signal })
    expect(run.exitCode).toBe(1)
    expect(run.outputs.healthy).toBe('false')
    expect(run.report.end).toBe('cancelled')
  })

  test('when the step is cancelled in the body of a status of fail-fast-status', async () => {
    const cancel = new AbortController()
    await using server = await startHttp((_, response) => {
      response.writeHead(401, { 'content-length': '100' })
      response.write('half')
      setTimeout(() => cancel.abort(), 50)
    })
    const inputs = { 'fail-fast-status': '401', 'fail-on-unhealthy': 'false' }
    const run = await check(server.url, inputs, { signal: cancel.signal })
    expect(run.exitCode).toBe(1)
    expect(run.report.end).toBe('cancelled')
  })

  test('at the deadline, in the last of max-attempts, as a timeout', async () => {
    await using server = await startHttp(() => undefined)
    const run = await checkOnce(server.url, { timeout: '200ms' })
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'timeout', attempts: '1' })
    expect(run.report.end).toBe('deadline')
  })

  test('at the deadline with the reason of a target that fails, not of one that is slow', async () => {
    await using slow = await startHttp((_, response) => setTimeout(() => response.end(), 200))
    await using bad = await startHttp((_, response) => {
      response.statusCode = 503
      response.end()
    })
    const run = await check(`${slow.url}\n${bad.url}`, { timeout: '350ms' })
    expect(run.outputs).toMatchObject({ reason: 'status', 'last-status': '503' })
  })

  test.each([
    ['initial delay', { 'initial-delay': '30s' }],
    ['pause', { interval: '30s' }],
  ])('when the step is cancelled in the %s', async (_, inputs) => {
    const cancel = new AbortController()
    await using server = await startHttp((_, response) => {
      response.end()
      setTimeout(() => cancel.abort(), 50)
    })
    if ('initial-delay' in inputs) setTimeout(() => cancel.abort(), 50)
    const run = await check(server.url, { timeout: '5m', ...inputs }, { signal: cancel.signal })
    expect(run.outputs.healthy).toBe('false')
    expect(run.exitCode).toBe(1)
  })
})

test('fail-on-unhealthy: false leaves the verdict to the outputs', async () => {
  await using server = await startHttp((_, response) => {
    response.statusCode = 500
    response.end()
  })
  const run = await check(server.url, { 'max-attempts': '3', 'fail-on-unhealthy': 'false' })
  expect(run.exitCode).toBe(0)
  expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'status' })
  expect(run.annotations).toEqual([])
  expect(run.log.at(-1)).toContain('is not healthy')
  expect(run.summary).toContain('### ⚠️ health-check: ')
})
