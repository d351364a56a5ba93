import { once } from 'node:events'
import { createServer, request as sendRequest } from 'node:http'
import { connect } from 'node:net'
import { startHttp, startTcp } from '@deploy-kit/core/testing/test-server'
import { createTlsAuthority } from '@deploy-kit/core/testing/tls-authority'
import { describe, expect, test } from 'vitest'
import { checkOnce } from './testing/checked.ts'

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
    expect(run.text).toContain('which asks for credentials: write them into its URL')
  })

  test('that asks for credentials before a plain page says so, too', async () => {
    await using proxy = await startHttp((_, response) => response.writeHead(407).end())
    const run = await checkOnce('http://app.test/', {}, { environment: { HTTP_PROXY: proxy.url } })
    expect(run.outputs).toMatchObject({ reason: 'status', 'last-status': '407' })
    expect(run.text).toContain('which asks for credentials: write them into its URL')
  })

  test('that does not answer is named, and costs the request-timeout', async () => {
    await using proxy = await startTcp(() => undefined)
    const environment = { HTTPS_PROXY: proxy.url }
    const run = await checkOnce('https://app.test/', { 'request-timeout': '50ms' }, { environment })
    expect(run.outputs.reason).toBe('timeout')
    expect(run.text).toContain('is it up, and should NO_PROXY name this host?')
  })

  test('cannot tell its password, whatever it answers', async () => {
    await using proxy = await startHttp((request, response) => {
      const sent = request.headers['proxy-authorization'] ?? ''
      response.writeHead(500, { 'x-sent': sent }).end(`${sent} ${atob(sent.replace('Basic ', ''))}`)
    })
    const run = await checkOnce(
      'http://app.test/',
      { conditions: '[HEADERS].x-sent == nothing' },
      { environment: { HTTP_PROXY: proxy.url.replace('//', '//me:p%40ssword@') } },
    )
    expect(run.text).toContain('me:***')
    expect(run.text + run.summary + JSON.stringify(run.outputs)).not.toMatch(/p@ssword|bWU6cEBzc3dvcmQ/)
  })

  test('may have a percent sign in its password that encodes nothing', async () => {
    using proxy = await startProxy()
    await using server = await startHttp((_, response) => response.end())
    const environment = { HTTP_PROXY: proxy.url.replace('//', '//me:100%@') }
    const run = await checkOnce(`http://app.test:${server.port}/`, {}, { environment })
    expect(run.outputs.healthy).toBe('true')
    expect(proxy.asked[0]?.authorization).toBe(`Basic ${btoa('me:100%')}`)
  })

  test('is left out for an IPv6 address with a port in NO_PROXY', async ({ skip }) => {
    const server = await startHttp((_, response) => response.end(), { host: '::1' }).catch(() => undefined)
    if (!server) return skip('this machine has no IPv6')
    await using _ = server
    using proxy = await startProxy()
    const run = await checkOnce(
      server.url,
      {},
      { environment: { HTTP_PROXY: proxy.url, NO_PROXY: `[::1]:${server.port}` } },
    )
    expect(run.outputs.healthy).toBe('true')
    expect(proxy.asked).toEqual([])
  })
})
