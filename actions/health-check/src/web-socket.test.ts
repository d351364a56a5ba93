import { createHash } from 'node:crypto'
import { startHttp, startTcp } from '@deploy-kit/core/testing/test-server'
import { createTlsAuthority } from '@deploy-kit/core/testing/tls-authority'
import { describe, expect, test } from 'vitest'
import { check, checkOnce } from './testing/checked.ts'

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
