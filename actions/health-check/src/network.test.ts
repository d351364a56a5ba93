import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request as sendRequest } from 'node:http'
import { connect } from 'node:net'
import { findClosedPort, startHttp, startTcp } from '@deploy-kit/core/testing/test-server'
import { createTlsAuthority } from '@deploy-kit/core/testing/tls-authority'
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

describe('WebSocket', () => {
  /** Answers upgrades with 101 and the accept value that `accept` makes of the right one. */
  async function startWebSocket(accept: (right: string) => string | undefined, status = '101 Switching Protocols') {
    const closes: Buffer[] = []
    const server = await startHttp((_, response) => response.end())
    server.server.on('upgrade', (request, socket) => {
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
      const value = accept(createHash('sha1').update(key).digest('base64'))
      const header = value === undefined ? '' : `Sec-WebSocket-Accept: ${value}\r\n`
      socket.on('error', () => undefined)
      socket.on('data', (chunk: Buffer) => closes.push(chunk))
      socket.write(`HTTP/1.1 ${status}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${header}\r\n`)
    })
    return { server, closes }
  }

  test('is healthy when it is opened, and is closed again', async () => {
    const { server, closes } = await startWebSocket((right) => right)
    await using _ = server
    const run = await check(server.url.replace('http', 'ws'), { 'success-threshold': '2' })
    expect(run.outputs).toMatchObject({ healthy: 'true', 'last-status': '101' })
    await expect.poll(() => closes.length).toBe(2)
    expect(closes[0]?.[0]).toBe(0x88)
  })

  test.each([
    ['expected-version', { 'expected-version': '2' }],
    ['expected-body', { 'expected-body': 'version' }],
    ['expected-body-regex', { 'expected-body-regex': 'v.*n' }],
    ['a condition that asks what is there', { conditions: 'has([BODY].error) == false' }],
  ])('stands beside http and tcp targets, which have what %s is about', async (_, inputs) => {
    const { server } = await startWebSocket((right) => right)
    await using _server = server
    await using http = await startHttp((_, response) => response.end('{"version": 2}'))
    await using tcp = await startTcp(() => undefined)
    const url = `${http.url}\ntcp://127.0.0.1:${tcp.port}\n${server.url.replace('http', 'ws')}`
    const run = await check(url, { ...inputs, 'max-attempts': '3' })
    expect(run.outputs.healthy).toBe('true')
  })

  test('works over TLS', async () => {
    const authority = await createTlsAuthority()
    await using server = await startHttp((_, response) => response.end(), { tls: await authority.issue(['127.0.0.1']) })
    server.server.on('upgrade', (request, socket) => {
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
      const accept = createHash('sha1').update(key).digest('base64')
      socket.on('error', () => undefined)
      socket.write(
        `HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
    })
    const run = await checkOnce(server.url.replace('https', 'wss'), { 'ca-cert': authority.certificate })
    expect(run.outputs.healthy).toBe('true')
    expect(run.outputs['certificate-expires-at']).not.toBe('')
  })

  test.each([
    ['no Sec-WebSocket-Accept', () => undefined],
    ['a Sec-WebSocket-Accept that does not fit', () => 'bm90IHRoZSByaWdodCBvbmU='],
  ])('with %s is a status', async (message, accept) => {
    const { server } = await startWebSocket(accept)
    await using _ = server
    const run = await checkOnce(server.url.replace('http', 'ws'))
    expect(run.outputs).toMatchObject({ reason: 'status', 'last-status': '101' })
    expect(run.outputs['last-error']).toContain(message)
  })

  test('that becomes something else is a status', async () => {
    await using server = await startTcp((socket) =>
      socket.once('data', (request) => {
        const key = `${/sec-websocket-key: (.*)\r/i.exec(request.toString())?.[1]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
        const accept = createHash('sha1').update(key).digest('base64')
        socket.write(
          `HTTP/1.1 101 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        )
      }),
    )
    const run = await checkOnce(server.url.replace('http', 'ws'))
    expect(run.outputs.reason).toBe('status')
    expect(run.outputs['last-error']).toContain('101 with no Upgrade: websocket')
  })

  test('with 101 and nothing else is a status', async () => {
    await using server = await startTcp((socket) => socket.once('data', () => socket.write('HTTP/1.1 101 OK\r\n\r\n')))
    const run = await checkOnce(server.url.replace('http', 'ws'))
    expect(run.outputs.reason).toBe('status')
    expect(run.outputs['last-error']).toContain('no Sec-WebSocket-Accept')
  })

  test('that is answered with a page is a status', async () => {
    await using server = await startHttp((_, response) => response.end('a page'))
    const run = await checkOnce(server.url.replace('http', 'ws'))
    expect(run.outputs).toMatchObject({ reason: 'status', 'last-status': '200' })
    expect(run.outputs['last-error']).toBe('200 OK, expected 101 from a WebSocket')
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

describe('a proxy', () => {
  /** Forwards plain requests, and tunnels to 127.0.0.1 whatever the name. */
  async function startProxy(status = 200) {
    const asked: { line: string; authorization: string | undefined }[] = []
    const proxy = createServer((request, response) => {
      asked.push({ line: `${request.method} ${request.url}`, authorization: request.headers['proxy-authorization'] })
      const url = new URL(request.url ?? '')
      sendRequest(
        { port: url.port, host: '127.0.0.1', path: url.pathname, headers: { host: request.headers.host } },
        (answer) => {
          response.writeHead(answer.statusCode ?? 0)
          answer.pipe(response)
        },
      ).end()
    })
    proxy.on('connect', (request, socket) => {
      asked.push({ line: `CONNECT ${request.url}`, authorization: request.headers['proxy-authorization'] })
      if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
      const upstream = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        socket.pipe(upstream).pipe(socket)
      })
      for (const end of [socket, upstream]) end.on('error', () => undefined)
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const { port } = proxy.address() as import('node:net').AddressInfo
    return { asked, port, url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => void proxy.close() }
  }

  test('is asked for a tunnel to an https target', async () => {
    using proxy = await startProxy()
    const authority = await createTlsAuthority()
    await using server = await startHttp((_, response) => response.end(), { tls: await authority.issue(['app.test']) })
    const run = await checkOnce(
      `https://app.test:${server.port}/`,
      { 'ca-cert': authority.certificate },
      {
        environment: { HTTPS_PROXY: proxy.url.replace('//', '//me:secret@') },
      },
    )
    expect(run.outputs.healthy).toBe('true')
    expect(proxy.asked).toEqual([
      { line: `CONNECT app.test:${server.port}`, authorization: `Basic ${btoa('me:secret')}` },
    ])
    expect(server.requests[0]?.headers).not.toHaveProperty('proxy-authorization')
  })

  test('is asked for the whole URL of an http target', async () => {
    using proxy = await startProxy()
    await using server = await startHttp((_, response) => response.end())
    const run = await checkOnce(`http://app.test:${server.port}/health`, {}, { environment: { http_proxy: proxy.url } })
    expect(run.outputs.healthy).toBe('true')
    expect(proxy.asked[0]?.line).toBe(`GET http://app.test:${server.port}/health`)
    expect(server.requests[0]?.headers.host).toBe(`app.test:${server.port}`)
  })

  test.each(['127.0.0.1', '127.0.0.0/8', 'example.com,127.0.0.1:{port}', '*', 'foo bar 127.0.0.1'])(
    'is left out for hosts in NO_PROXY: %s',
    async (noProxy) => {
      using proxy = await startProxy()
      await using server = await startHttp((_, response) => response.end())
      const run = await checkOnce(
        server.url,
        {},
        {
          environment: { HTTP_PROXY: proxy.url, NO_PROXY: noProxy.replace('{port}', String(server.port)) },
        },
      )
      expect(run.outputs.healthy).toBe('true')
      expect(proxy.asked).toEqual([])
    },
  )

  test('that refuses a tunnel is named', async () => {
    using proxy = await startProxy(407)
    const run = await checkOnce('https://app.test/', {}, { environment: { HTTPS_PROXY: proxy.url } })
    expect(run.outputs.reason).toBe('connect')
    expect(run.outputs['last-error']).toBe(
      `The proxy 127.0.0.1:${proxy.port} refused a tunnel to app.test:443 with 407`,
    )
    expect(run.text).toContain('should NO_PROXY name this host?')
  })
})
