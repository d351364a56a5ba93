import { findClosedPort, startHttp, startTcp } from '@deploy-kit/core/testing/test-server'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, checkOnce } from './testing/checked.ts'

describe('a connection', () => {
  test('that is refused says by whom, and what to look at', async () => {
    const port = await findClosedPort()
    const run = await checkOnce(`http://127.0.0.1:${port}`)
    expect(run.outputs).toMatchObject({ reason: 'connect', 'last-status': '' })
    expect(run.outputs['last-error']).toContain(`127.0.0.1:${port} refused the connection`)
    expect(run.text).toContain('Failed in: connect')
    expect(run.text).toContain('does it listen on 0.0.0.0')
  })

  test('to a name that DNS does not have is dns', async () => {
    const run = await checkOnce('http://no-such-host.invalid/')
    expect(run.outputs.reason).toBe('dns')
    expect(run.outputs['last-error']).toContain('DNS has no address for no-such-host.invalid')
    expect(run.text).toContain('Failed in: dns')
  })

  test('to a name in letters of its own language is to that name, for tcp as for http', async () => {
    for (const url of ['http://bücher.invalid:80/', 'tcp://bücher.invalid:80'])
      expect((await checkOnce(url)).outputs['last-error']).toContain('DNS has no address for xn--bcher-kva.invalid')
  })

  test.each([
    [
      'that is reset',
      'connect',
      (socket: import('node:net').Socket) => socket.once('data', () => socket.resetAndDestroy()),
    ],
    [
      'that ends without an answer',
      'connect',
      (socket: import('node:net').Socket) => socket.once('data', () => socket.end()),
    ],
    ['on which no HTTP comes', 'connect', (socket: import('node:net').Socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
  ])('%s is %s', async (_, reason, serve) => {
    await using server = await startTcp(serve)
    const run = await checkOnce(server.url)
    expect(run.outputs).toMatchObject({ reason, 'last-status': '' })
  })

  test('on which anything at all comes has a verdict', async () => {
    const line = fc.constantFrom(
      ...['HTTP/1.1 200 OK', 'HTTP/1.1 999 Odd', 'HTTP/1.1 302 Found', 'HTTP/1.1 101 Switching', 'HTTP/1.1 204 None'],
      ...[
        'Content-Length: 3',
        'Content-Length: x',
        'Transfer-Encoding: chunked',
        'Content-Encoding: gzip',
        'Location: ::',
      ],
      ...['Upgrade: websocket', 'Connection: upgrade', 'Retry-After: -1', 'Content-Type: text/html; charset=nope', ''],
      ...['5', 'abc', '0', '{"version": 1}'],
    )
    const text = fc.array(line, { maxLength: 8 }).map((lines) => `HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\nabc`)
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      text.map((sent) => new TextEncoder().encode(sent)),
    )
    let answer: Uint8Array = new Uint8Array()
    await using server = await startTcp((socket) => socket.once('data', () => socket.end(answer)))
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        answer = sent
        const run = await checkOnce(server.url, { conditions: '[BODY].version == 1', 'request-timeout': '5s' })
        const { healthy, reason } = run.outputs
        expect(run.annotations.every(({ message }) => !message.includes('Unexpected'))).toBe(true)
        expect(healthy === 'true' ? '' : reason).toMatch(/^(|connect|status|body|condition|redirect)$/)
      }),
      { numRuns: 300 },
    )
  })

  test('to localhost tries IPv6 and IPv4, and says which one is dead', async () => {
    await using server = await startHttp((_, response) => response.end())
    const run = await check(`http://localhost:${server.port}`)
    expect(run.outputs.healthy).toBe('true')
    expect(run.report.targets[0]?.attempts[0]?.address).toBe(`127.0.0.1:${server.port}`)
  })

  test('to an IPv6 address is written with brackets', async ({ skip }) => {
    const server = await startHttp((_, response) => response.end(), { host: '::1' }).catch(() => undefined)
    if (!server) return skip('this machine has no IPv6')
    await using _ = server
    const run = await checkOnce(server.url)
    expect(run.outputs.healthy).toBe('true')
    expect(run.report.targets[0]?.attempts[0]?.address).toBe(`[::1]:${server.port}`)
  })
})

describe('a request', () => {
  test('has the headers, the method and the body that were given, and says who asks', async () => {
    const bodies: string[] = []
    await using server = await startHttp(async (request, response) => {
      bodies.push((await request.toArray()).join(''))
      response.end()
    })
    const inputs = { method: 'POST', body: '{"a": "ü"}', headers: 'Content-Type: application/json\nX-Two: 2' }
    await checkOnce(`${server.url}/path?q=1`, inputs)
    await checkOnce(server.url, { 'user-agent': 'mine/1' })
    await checkOnce(server.url, { headers: 'user-agent: yours/2\nhost: other.test' })
    const [posted, mine, yours] = server.requests
    expect(posted).toMatchObject({ method: 'POST', url: '/path?q=1' })
    expect(posted?.headers).toMatchObject({ 'content-type': 'application/json', 'x-two': '2', 'content-length': '11' })
    expect(posted?.headers['user-agent']).toMatch(/^deploy-kit-health-check\/\d+\.\d+\.\d+/)
    expect(bodies[0]).toBe('{"a": "ü"}')
    expect(mine?.headers['user-agent']).toBe('mine/1')
    expect(yours?.headers).toMatchObject({ 'user-agent': 'yours/2', host: 'other.test' })
  })
})

describe('tcp', () => {
  test('is healthy when it accepts connections', async () => {
    await using server = await startTcp(() => undefined)
    const run = await check(`tcp://127.0.0.1:${server.port}`, {
      conditions: '[CONNECTED] == true\n[RESPONSE_TIME] < 5s',
    })
    expect(run.outputs).toMatchObject({
      healthy: 'true',
      'last-status': '',
      'response-time-ms': expect.stringMatching(/^\d+$/),
    })
    expect(run.text).toContain(`connected to 127.0.0.1:${server.port}, as expected`)
  })

  test('goes where connect-to leads', async () => {
    await using server = await startTcp(() => undefined)
    expect((await checkOnce('tcp://db.test:5432', { 'connect-to': `127.0.0.1:${server.port}` })).outputs.healthy).toBe(
      'true',
    )
  })
})

describe('connect-to', () => {
  test('keeps the Host, and a redirect elsewhere goes where it points', async () => {
    await using elsewhere = await startHttp((_, response) => response.end())
    await using origin = await startHttp((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/?again' })
      else response.writeHead(302, { location: elsewhere.url })
      response.end()
    })
    const run = await checkOnce('http://app.test/', {
      ...{ 'connect-to': `127.0.0.1:${origin.port}`, 'follow-redirects': 'all' },
    })
    expect(run.outputs.healthy).toBe('true')
    expect(origin.requests.map(({ headers }) => headers.host)).toEqual(['app.test', 'app.test'])
    expect(elsewhere.requests).toHaveLength(1)
  })
})
