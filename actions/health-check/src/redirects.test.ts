import { startHttp, startTcp } from '@deploy-kit/core/testing/test-server'
import { createTlsAuthority } from '@deploy-kit/core/testing/tls-authority'
import { describe, expect, test } from 'vitest'
import { check, checkOnce } from './testing/checked.ts'

/** Answers each path with a redirect to its Location, and others with 200. */
function redirector(locations: Readonly<Record<string, string>>, status = 302) {
  return startHttp((request, response) => {
    const location = locations[request.url ?? '']
    if (location !== undefined) response.writeHead(status, { location })
    response.end(location === undefined ? 'page' : '')
  })
}

describe('follow-redirects: safe', () => {
  test('follows a trailing slash and another query', async () => {
    await using server = await redirector({ '/health': '/health/', '/health/': '/health/?warm=1' })
    const run = await check(`${server.url}/health`)
    expect(run.outputs.healthy).toBe('true')
    expect(run.text).toContain(`judged at ${server.url}/health/?warm=1`)
  })

  test('follows from http to https, where the port may change', async () => {
    const authority = await createTlsAuthority()
    await using secure = await startHttp((_, response) => response.end(), { tls: await authority.issue(['127.0.0.1']) })
    await using plain = await redirector({ '/health': `${secure.url}/health` })
    const run = await check(`${plain.url}/health`, { 'ca-cert': authority.certificate })
    expect(run.outputs.healthy).toBe('true')
    expect(run.outputs['certificate-expires-at']).toMatch(/^20\d\d-/)
  })

  test.each([
    ['path', '/login'],
    ['path', '/Health'],
    ['port or scheme', 'http://127.0.0.1:9/health'],
    ['host', 'http://localhost:9/health'],
    ['host', '//example.com/health'],
  ])('does not follow to another %s, and names the Location: %s', async (difference, location) => {
    await using server = await redirector({ '/health': location })
    const run = await checkOnce(`${server.url}/health`)
    expect(run.outputs).toMatchObject({ reason: 'redirect', 'last-status': '302' })
    expect(run.outputs['last-error']).toContain(`Redirected to ${location}, which is another ${difference}`)
    expect(server.requests).toHaveLength(1)
    expect(run.text).toContain('Failed in: the complete answer')
  })
})

describe('a redirect', () => {
  test('is judged by its header, whatever becomes of the page below it', async () => {
    await using server = await startTcp((socket) =>
      socket.once('data', (request) => {
        const asked = request.toString().startsWith('GET /health/ ')
        const page = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage'
        socket.write(asked ? page : 'HTTP/1.1 301 Moved\r\nLocation: /health/\r\nContent-Length: 99\r\n\r\n')
      }),
    )
    expect((await checkOnce(`${server.url}/health`)).outputs.healthy).toBe('true')
    const run = await checkOnce(`${server.url}/other`)
    expect(run.outputs.reason).toBe('redirect')
    expect(run.text).toContain('Headers: content-length: 99; location: /health/')
  })

  test('with 300 is a failure that names its Location, like every one that is not followed', async () => {
    await using server = await redirector({ '/': '/choose' }, 300)
    const run = await checkOnce(server.url, { 'follow-redirects': 'all' })
    expect(run.outputs).toMatchObject({ reason: 'redirect', 'last-status': '300' })
    expect(run.outputs['last-error']).toContain('Redirected to /choose, with 300')
    expect((await checkOnce(server.url, { 'expected-status': '300' })).outputs.healthy).toBe('true')
  })

  test('with 304 is none', async () => {
    await using server = await redirector({ '/': '/elsewhere' }, 304)
    expect((await checkOnce(server.url)).outputs.reason).toBe('status')
  })

  test('may have a Location in UTF-8', async () => {
    await using server = await startTcp((socket) =>
      socket.once('data', (request) => {
        const asked = request.toString().startsWith('GET /caf%C3%A9 ')
        socket.end(`HTTP/1.1 ${asked ? '200 OK' : '302 Found\r\nLocation: /café'}\r\nContent-Length: 0\r\n\r\n`)
      }),
    )
    expect((await checkOnce(server.url, { 'follow-redirects': 'all' })).outputs.healthy).toBe('true')
  })
})

describe('follow-redirects', () => {
  test('all follows everywhere, and the log names the page that is judged', async () => {
    await using login = await startHttp((_, response) => response.end('please log in'))
    await using server = await redirector({ '/': `${login.url}/login` })
    const run = await check(server.url, { 'follow-redirects': 'all' })
    expect(run.outputs.healthy).toBe('true')
    expect(run.text).toContain(`judged at ${login.url}/login`)
    expect(run.report.targets[0]?.attempts[0]?.finalUrl).toBe(`${login.url}/login`)
  })

  test('none follows nothing', async () => {
    await using server = await redirector({ '/': '/?a' })
    const run = await checkOnce(server.url, { 'follow-redirects': 'none' })
    expect(run.outputs['last-error']).toBe('Redirected to /?a, and follow-redirects is none')
  })

  test('does not go beyond max-redirects', async () => {
    await using server = await redirector({ '/?0': '/?1', '/?1': '/?2', '/?2': '/?3' })
    expect((await checkOnce(`${server.url}/?0`, { 'max-redirects': '3' })).outputs.healthy).toBe('true')
    expect((await checkOnce(`${server.url}/?0`, { 'max-redirects': '2' })).outputs.reason).toBe('redirect')
    expect((await checkOnce(`${server.url}/?0`, { 'max-redirects': '0' })).outputs.reason).toBe('redirect')
  })

  test.each(['ftp://127.0.0.1/', 'http://', 'javascript:alert(1)'])('never follows to %s', async (location) => {
    await using server = await redirector({ '/': location })
    const run = await checkOnce(server.url, { 'follow-redirects': 'all' })
    expect(run.outputs.reason).toBe('redirect')
    expect(run.outputs['last-error']).toContain(location)
  })
})

describe('a redirect status that is expected is the answer', () => {
  test.each([
    ['expected-status', { 'expected-status': '301,302' }],
    ['a condition', { conditions: '[STATUS] == 302' }],
    ['conditions that no page fulfils', { conditions: '[STATUS] >= 300\n[STATUS] < 400' }],
  ])('by %s', async (_, inputs) => {
    await using server = await redirector({ '/': '/login' })
    const run = await check(server.url, { 'follow-redirects': 'all', ...inputs })
    expect(run.outputs).toMatchObject({ healthy: 'true', 'last-status': '302' })
    expect(server.requests.map(({ url }) => url)).toEqual(['/', '/', '/'])
  })
})

test('expected-final-url is the page that is judged', async () => {
  await using server = await redirector({ '/': '/login' })
  const inputs = { 'follow-redirects': 'all' }
  const right = await checkOnce(server.url, { ...inputs, 'expected-final-url': `${server.url}/login` })
  expect(right.outputs.healthy).toBe('true')
  const wrong = await checkOnce(server.url, { ...inputs, 'expected-final-url': `${server.url}/app` })
  expect(wrong.outputs).toMatchObject({ reason: 'redirect' })
  expect(wrong.outputs['last-error']).toBe(`The final URL is ${server.url}/login, expected ${server.url}/app`)
})

test.each(['[STATUS] < 400', '[STATUS] != 503'])(
  '%s is not fulfilled by a redirect to a login page',
  async (condition) => {
    await using server = await startHttp((_, response) => {
      response.writeHead(302, { location: '/login' })
      response.end()
    })
    const run = await checkOnce(server.url, { conditions: condition })
    expect(run.outputs).toMatchObject({ reason: 'redirect', 'last-status': '302' })
    expect(run.outputs['last-error']).toContain('Redirected to /login')
  },
)

describe('secrets stay with their origin', () => {
  test.each([
    ['bearer-token', { 'bearer-token': 'tok-12345' }, 'authorization', 'Bearer tok-12345'],
    ['basic-auth', { 'basic-auth': 'me:pass:word' }, 'authorization', `Basic ${btoa('me:pass:word')}`],
    ['Authorization', { headers: 'Authorization: Token abcdef' }, 'authorization', 'Token abcdef'],
    ['Cookie', { headers: 'Cookie: session=abcdef' }, 'cookie', 'session=abcdef'],
  ])('%s', async (_, inputs, header, value) => {
    await using other = await startHttp((_, response) => response.end())
    await using server = await redirector({ '/': '/inside', '/inside': `${other.url}/outside` }, 307)
    const run = await checkOnce(server.url, { 'follow-redirects': 'all', ...inputs, ...{ method: 'GET' } })
    expect(run.outputs.healthy).toBe('true')
    expect(server.requests.map(({ headers }) => headers[header])).toEqual([value, value])
    expect(other.requests[0]?.headers).not.toHaveProperty(header)
    expect(run.text + run.summary + JSON.stringify(run.outputs)).not.toContain(value.split(' ').at(-1))
    expect(run.masked.length).toBeGreaterThan(0)
  })

  test('headers that may be secrets by their name, too; others are sent on', async () => {
    await using other = await startHttp((_, response) => response.end())
    await using server = await redirector({ '/': `${other.url}/outside` })
    const headers = 'X-Api-Key: 123\nPRIVATE-TOKEN: 456\nAccept-Language: de'
    const run = await checkOnce(server.url, { 'follow-redirects': 'all', headers })
    expect(run.outputs.healthy).toBe('true')
    expect(server.requests[0]?.headers).toMatchObject({ 'x-api-key': '123', 'private-token': '456' })
    expect(other.requests[0]?.headers).toMatchObject({ 'accept-language': 'de' })
    expect(Object.keys(other.requests[0]?.headers ?? {})).not.toContain('x-api-key')
    expect(Object.keys(other.requests[0]?.headers ?? {})).not.toContain('private-token')
  })

  test('a page behind a redirect that refuses the request because of that says so', async () => {
    await using other = await startHttp((request, response) => {
      response.writeHead(request.headers.authorization === undefined ? 401 : 200).end()
    })
    await using server = await redirector({ '/': other.url })
    const run = await checkOnce(server.url, { 'follow-redirects': 'all', 'bearer-token': 'tok-12345' })
    expect(run.outputs.reason).toBe('status')
    expect(run.text).toContain(`give the URL that it leads to (${other.url}/)`)
  })

  test('a change from http to https is another origin', async () => {
    const authority = await createTlsAuthority()
    await using secure = await startHttp((_, response) => response.end(), { tls: await authority.issue(['127.0.0.1']) })
    await using plain = await redirector({ '/': secure.url })
    const run = await checkOnce(plain.url, { 'ca-cert': authority.certificate, 'bearer-token': 'tok-12345' })
    expect(run.outputs.healthy).toBe('true')
    expect(secure.requests[0]?.headers).not.toHaveProperty('authorization')
  })
})

test.each([
  [301, 'POST', 'GET', ''],
  [302, 'POST', 'GET', ''],
  [303, 'PUT', 'GET', ''],
  [307, 'POST', 'POST', 'data'],
  [308, 'PUT', 'PUT', 'data'],
])('after %i, %s becomes %s', async (status, method, next, sent) => {
  const bodies: string[] = []
  await using server = await startHttp(async (request, response) => {
    bodies.push((await request.toArray()).join(''))
    if (request.url === '/') response.writeHead(status, { location: '/?next' })
    response.end()
  })
  const run = await checkOnce(server.url, { method, body: 'data', headers: 'Content-Type: text/plain' })
  expect(run.outputs.healthy).toBe('true')
  expect(server.requests.map((request) => request.method)).toEqual([method, next])
  expect(bodies).toEqual(['data', sent])
  expect(server.requests[1]?.headers['content-type']).toBe(sent === '' ? undefined : 'text/plain')
})
