import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { startHttp, startTcp } from '@deploy-kit/core/testing/test-server'
import { describe, expect, test } from 'vitest'
import { check, checkOnce } from './testing/checked.ts'

const MIB = 1024 * 1024

function serve(body: string | Buffer, headers: Record<string, string> = {}) {
  return startHttp((_, response) => {
    response.writeHead(200, headers)
    response.end(body)
  })
}

describe('a body', () => {
  test.each([
    ['gzip', gzipSync('the answer')],
    ['deflate', deflateSync('the answer')],
    ['deflate', deflateRawSync('the answer')],
    ['br', brotliCompressSync('the answer')],
    ['zstd', zstdCompressSync('the answer')],
    ['identity', Buffer.from('the answer')],
    ['gzip, br', brotliCompressSync(gzipSync('the answer'))],
  ])('in %s is decoded', async (coding, body) => {
    await using server = await serve(body, { 'content-encoding': coding })
    expect((await checkOnce(server.url, { 'expected-body': 'the answer' })).outputs.healthy).toBe('true')
  })

  test.each([
    ['that is not what Content-Encoding says', Buffer.from('plain'), 'gzip', 'cannot be decoded'],
    ['that is cut off in its coding', gzipSync('the answer').subarray(0, 12), 'gzip', 'cannot be decoded'],
    ['in an unknown coding', Buffer.from('x'), 'lzma', "The body's Content-Encoding 'lzma' is unknown"],
  ])('%s is a failure', async (_, body, coding, message) => {
    await using server = await serve(body, { 'content-encoding': coding })
    const run = await checkOnce(server.url)
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'body', 'last-status': '200' })
    expect(run.outputs['last-error']).toContain(message)
  })

  test.each([
    ['shorter than its Content-Length', 'Content-Length: 100\r\n\r\nabc'],
    ['that ends in the middle of a chunk', 'Transfer-Encoding: chunked\r\n\r\n64\r\nabc'],
    ['without its last chunk', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    ['with a chunk that has no size', 'Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n'],
  ])('%s is a failure', async (_, rest) => {
    await using server = await startTcp((socket) => socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${rest}`)))
    const run = await checkOnce(server.url)
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'body' })
    expect(run.outputs['last-error']).toContain('cut off')
  })

  test('without a length is whole when the connection ends, and cut off when it is reset', async () => {
    const sendBy = (end: 'end' | 'resetAndDestroy') =>
      startTcp((socket) =>
        socket.once('data', () =>
          socket.write('HTTP/1.1 200 OK\r\n\r\nthe answer', () => setTimeout(() => socket[end](), 20)),
        ),
      )
    await using whole = await sendBy('end')
    expect((await checkOnce(whole.url, { 'expected-body': 'the answer' })).outputs.healthy).toBe('true')
    await using cut = await sendBy('resetAndDestroy')
    const run = await checkOnce(cut.url)
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'body', 'last-status': '200' })
    expect(run.outputs['last-error']).toContain('The body was cut off: the server reset the connection')
  })

  test('that goes on behind its Content-Length is what that says', async () => {
    await using server = await startTcp((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef')),
    )
    expect((await checkOnce(server.url, { conditions: '[BODY] == abc' })).outputs.healthy).toBe('true')
  })

  test.each([
    ['UTF-16 with a byte order mark', Buffer.from('\ufeff{"version":"é"}', 'utf16le'), 'application/json'],
    ['UTF-16, big end first', Buffer.from('\ufeff{"version":"é"}', 'utf16le').swap16(), 'application/json'],
    ['UTF-8 with a byte order mark', Buffer.from('\ufeff{"version":"é"}'), 'application/json'],
    ['ISO 8859-1', Buffer.from('{"version":"é"}', 'latin1'), 'application/json; charset=iso-8859-1'],
  ])('in %s is read so', async (_, body, type) => {
    await using server = await serve(body, { 'content-type': type })
    expect((await checkOnce(server.url, { 'expected-version': 'é' })).outputs.version).toBe('é')
  })

  test('is judged by its first MiB, and the message says so', async () => {
    await using server = await serve(`${'x'.repeat(MIB - 3)}end${'y'.repeat(10)}`)
    expect((await checkOnce(server.url, { 'expected-body': 'xend' })).outputs.healthy).toBe('true')
    const run = await checkOnce(server.url, { 'expected-body': 'endy' })
    expect(run.outputs.reason).toBe('body')
    expect(run.outputs['last-error']).toContain('in its first 1048576 bytes; what lies beyond is not read')
    const missing = await checkOnce(server.url, { conditions: '[BODY].a == 1' })
    expect(missing.outputs['last-error']).toContain('what lies beyond is not read')
  })

  test('in JSON that is longer has the values of its first MiB', async () => {
    await using server = await serve(JSON.stringify({ version: '7', padding: 'x'.repeat(2 * MIB), late: 1 }))
    const run = await checkOnce(server.url, { 'expected-version': '7', conditions: 'has([BODY].late)' })
    expect(run.outputs).toMatchObject({ reason: 'condition', version: '7' })
    expect(run.outputs['last-error']).toBe(
      'has([BODY].late) == true does not hold: it is false in its first 1048576 bytes; what lies beyond is not read',
    )
  })

  test('of exactly a MiB is whole', async () => {
    await using server = await serve(`${'x'.repeat(MIB - 3)}end`)
    const run = await checkOnce(server.url, { 'expected-body': 'other' })
    expect(run.outputs['last-error']).toBe("The body does not contain 'other'")
  })

  test('that would be a GiB decoded costs a MiB', async () => {
    await using server = await serve(gzipSync('x'.repeat(64 * MIB)), { 'content-encoding': 'gzip' })
    expect((await checkOnce(server.url, { 'expected-body': 'xxx' })).outputs.healthy).toBe('true')
  })

  test('is read in its charset', async () => {
    await using server = await serve(Buffer.from('gr\u00fcn', 'latin1'), {
      'content-type': 'text/plain; charset=latin1',
    })
    expect((await checkOnce(server.url, { 'expected-body': 'gr\u00fcn' })).outputs.healthy).toBe('true')
  })

  test('of a failing status is not needed to judge it', async () => {
    await using server = await startTcp((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 503 Unavailable\r\nContent-Length: 9\r\n\r\nabc')),
    )
    expect((await checkOnce(server.url)).outputs).toMatchObject({ reason: 'status', 'last-status': '503' })
  })

  test('does not come with HEAD', async () => {
    await using server = await serve('hello', { 'content-encoding': 'gzip' })
    expect((await check(server.url, { method: 'HEAD' })).outputs.healthy).toBe('true')
  })
})

describe('expected-body-regex', () => {
  test('matches anywhere in the body', async () => {
    await using server = await serve('status: UP since 12s')
    expect((await checkOnce(server.url, { 'expected-body-regex': 'UP\\b.*\\d+s$' })).outputs.healthy).toBe('true')
    expect((await checkOnce(server.url, { 'expected-body-regex': '(?i:status: up)' })).outputs.healthy).toBe('true')
    const run = await checkOnce(server.url, { 'expected-body-regex': '^UP' })
    expect(run.outputs).toMatchObject({ reason: 'body', 'last-error': 'The body does not match ^UP' })
  })

  test('that backtracks without end is cut off', async () => {
    await using server = await serve(`${'a'.repeat(40)}!`)
    const run = await checkOnce(server.url, { 'expected-body-regex': '^(a+)+$' })
    expect(run.outputs.reason).toBe('body')
    expect(run.outputs['last-error']).toContain('was cut off after 1000ms')
  })

  test('that backtracks into more memory than there is does not hold', async () => {
    await using server = await serve('a'.repeat(MIB))
    const pattern = '^(((((((a)|(b))|(c))|(d))|(e))|(f))|(g))*z$'
    const run = await checkOnce(server.url, { 'expected-body-regex': pattern, conditions: `[BODY] == re(${pattern})` })
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'body' })
    expect(run.outputs['last-error']).toMatch(/backtracks .* on this text; .* backtracks .* on this text$/)
  })

  test('cannot outlast the deadline', async () => {
    await using server = await serve(`${'a'.repeat(40)}!`)
    const run = await check(server.url, { 'expected-body-regex': '^(a+)+$', timeout: '300ms' })
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'timeout' })
  })

  test('is cut off in a condition, too', async () => {
    await using server = await serve(`${'a'.repeat(40)}!`)
    const run = await checkOnce(server.url, { conditions: '[BODY] == re(^(a+)+$)' })
    expect(run.outputs.reason).toBe('condition')
  })
})

describe('the version', () => {
  test('is set whenever the body has one, at whatever status', async () => {
    await using server = await startHttp((_, response) => {
      response.statusCode = 503
      response.end('{"build": {"version": 1.10}}')
    })
    const run = await checkOnce(server.url, { 'version-path': 'build.version' })
    expect(run.outputs).toMatchObject({ version: '1.10', reason: 'status' })
  })

  test('that is old is not yet', async () => {
    await using server = await startHttp((_, response, number) => {
      response.end(JSON.stringify({ version: number < 4 ? 'v1' : 'v2' }))
    })
    const run = await check(server.url, { 'expected-version': 'v2' })
    expect(run.outputs).toMatchObject({ healthy: 'true', version: 'v2', attempts: '6' })
    expect(run.text).toContain('Version v1 answers, not yet v2')
  })

  test.each([
    ['{"version": "1"}', { 'version-path': 'info.version' }, 'The JSON body has no version at version-path'],
    ['{"version": {"a": 1}}', {}, 'The JSON body has no version at version-path'],
    ['<html>', {}, 'The body is not JSON'],
    ['', {}, 'The body is not JSON'],
  ])('in %s is a failure', async (body, inputs, message) => {
    await using server = await serve(body)
    const run = await checkOnce(server.url, { 'expected-version': '1', ...inputs })
    expect(run.outputs).toMatchObject({ reason: 'version', version: '' })
    expect(run.outputs['last-error']).toContain(message)
  })
})

describe('conditions', () => {
  test('all have to hold, and each that does not is named with what it saw', async () => {
    await using server = await serve('{"db": {"status": "DOWN"}, "queue": 12345678901234567890}', {
      'x-version': 'abc',
    })
    const run = await checkOnce(server.url, {
      conditions: '[HEADERS].x-version == abc\n[BODY].db.status == "UP"\n[BODY].queue < 100\nhas([BODY].cache)',
    })
    expect(run.outputs.reason).toBe('condition')
    expect(run.outputs['last-error']).toBe(
      '[BODY].db.status == "UP" does not hold: it is DOWN; ' +
        '[BODY].queue < 100 does not hold: it is 12345678901234567890; ' +
        'has([BODY].cache) == true does not hold: it is false',
    )
  })

  test('add to expected-status, unless one names [STATUS]', async () => {
    await using server = await startHttp((_, response) => {
      response.statusCode = 503
      response.end('{"ok": true}')
    })
    expect((await checkOnce(server.url, { conditions: '[BODY].ok == true' })).outputs.reason).toBe('status')
    expect((await checkOnce(server.url, { conditions: '[STATUS] == 503' })).outputs.healthy).toBe('true')
    expect((await checkOnce(server.url, { conditions: '[STATUS] == 200' })).outputs.reason).toBe('condition')
    const both = await checkOnce(server.url, { conditions: '[STATUS] == 503', 'expected-status': '204' })
    expect(both.outputs.healthy).toBe('true')
    expect(both.log[0]).toContain('A condition names [STATUS], so expected-status is not looked at.')
  })
})
