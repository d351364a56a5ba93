import { createSecureContext } from 'node:tls'
import { startHttp, startTcp } from '@deploy-kit/core/testing/test-server'
import { createSelfSigned, createTlsAuthority, type TlsAuthority } from '@deploy-kit/core/testing/tls-authority'
import { beforeAll, describe, expect, test } from 'vitest'
import { check, checkOnce } from './testing/checked.ts'

let authority: TlsAuthority
beforeAll(async () => {
  authority = await createTlsAuthority()
})

async function startHttps(names: readonly string[], days?: { from?: number; to?: number }) {
  return await startHttp((_, response) => response.end('ok'), { tls: await authority.issue(names, days) })
}

describe('a certificate', () => {
  test('of the own authority is accepted with ca-cert', async () => {
    await using server = await startHttps(['127.0.0.1'])
    const run = await check(server.url, { 'ca-cert': authority.certificate })
    expect(run.outputs.healthy).toBe('true')
    expect(Date.parse(run.outputs['certificate-expires-at'] ?? '')).toBeGreaterThan(Date.now())
  })

  test.each([
    [
      'of an unknown authority',
      ['127.0.0.1'],
      {},
      'CN=Test Authority is not trusted here',
      'give its certificate as ca-cert',
    ],
    [
      'that has expired',
      ['127.0.0.1'],
      { from: -40, to: -3 },
      'CN=127.0.0.1 has expired; it was valid until',
      'Renew the certificate',
    ],
    ['that is not valid yet', ['127.0.0.1'], { from: 2 }, 'is not valid before', 'Check the clocks'],
    [
      'for another name',
      ['example.com'],
      {},
      'does not hold for 127.0.0.1 but for DNS:example.com',
      'Another server answers',
    ],
  ])('%s is refused and shown', async (what, names, days, message, advice) => {
    await using server = await startHttps(names, days)
    const trust = what.includes('unknown') ? {} : { 'ca-cert': authority.certificate }
    const run = await checkOnce(server.url, trust)
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'tls', 'last-status': '' })
    expect(run.outputs['last-error']).toContain(message)
    expect(run.text).toContain(`Certificate: CN=${names[0]}; for `)
    expect(run.text).toContain('Failed in: tls')
    expect(run.text).toContain(advice)
    expect(server.requests).toHaveLength(0)
  })

  test('below an authority that has expired is refused, and not blamed', async () => {
    const expired = await createTlsAuthority({ from: -40, to: -3 })
    await using server = await startHttp((_, response) => response.end(), { tls: await expired.issue(['127.0.0.1']) })
    const run = await checkOnce(server.url, { 'ca-cert': expired.certificate })
    expect(run.outputs.reason).toBe('tls')
    expect(run.outputs['last-error']).toContain('an authority above it has expired; CN=127.0.0.1 itself is valid until')
    expect(run.text).toContain('Look at next: The certificate itself is good')
  })

  test('that is self-signed is refused', async () => {
    await using server = await startHttp((_, response) => response.end(), {
      tls: await createSelfSigned(['127.0.0.1']),
    })
    const run = await checkOnce(server.url)
    expect(run.outputs.reason).toBe('tls')
    expect(run.outputs['last-error']).toContain('CN=127.0.0.1 is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)')
  })

  test('of any kind is accepted with insecure', async () => {
    await using server = await startHttps(['example.com'], { from: -40, to: -3 })
    const run = await checkOnce(server.url, { insecure: 'true' })
    expect(run.outputs.healthy).toBe('true')
  })

  test('that expires sooner than min-certificate-validity is a failure of its own', async () => {
    await using server = await startHttps(['127.0.0.1'], { to: 10 })
    const trust = { 'ca-cert': authority.certificate }
    expect((await checkOnce(server.url, { ...trust, 'min-certificate-validity': '7d' })).outputs.healthy).toBe('true')
    const run = await checkOnce(server.url, { ...trust, 'min-certificate-validity': '14d' })
    expect(run.outputs.reason).toBe('certificate')
    expect(run.outputs['last-error']).toMatch(
      /^The certificate of CN=127.0.0.1 expires in \d+d \d\dh, at .*; min-certificate-validity is 14d 00h$/,
    )
    const condition = await checkOnce(server.url, { ...trust, conditions: '[CERTIFICATE_EXPIRATION] > 14d' })
    expect(condition.outputs.reason).toBe('condition')
    expect(condition.outputs['last-error']).toMatch(
      /^\[CERTIFICATE_EXPIRATION\] > 14d does not hold: it is \d+d \d\dh$/,
    )
  })

  test('that is not there fails min-certificate-validity', async () => {
    await using server = await startHttp((_, response) => response.end())
    const run = await checkOnce(server.url, { 'min-certificate-validity': '1d' })
    expect(run.outputs.reason).toBe('certificate')
    expect(run.outputs['last-error']).toContain('There is no certificate')
  })

  test('is that of the host name asked for, which is sent as SNI while connect-to leads elsewhere', async () => {
    const [fallback, wanted] = [await authority.issue(['fallback.test']), await authority.issue(['app.test'])]
    const asked: string[] = []
    await using server = await startHttp((_, response) => response.end('ok'), {
      tls: {
        ...fallback,
        SNICallback: (name: string, done: (error: null, context: unknown) => void) => {
          asked.push(name)
          done(null, createSecureContext(name === 'app.test' ? wanted : fallback))
        },
      } as typeof fallback,
    })
    const run = await checkOnce('https://app.test/health', {
      'connect-to': `127.0.0.1:${server.port}`,
      'ca-cert': authority.certificate,
    })
    expect(run.outputs.healthy).toBe('true')
    expect(asked).toEqual(['app.test'])
    expect(server.requests[0]?.headers.host).toBe('app.test')
  })
})

describe('a handshake', () => {
  test('with something that does not speak TLS fails', async () => {
    await using server = await startHttp((_, response) => response.end())
    const run = await checkOnce(server.url.replace('http', 'https'))
    expect(run.outputs.reason).toBe('tls')
    expect(run.outputs['last-error']).toContain('what listens there does not speak TLS')
  })

  test('that the server ends with an alert fails', async () => {
    await using plain = await startTcp((socket) => {
      // A fatal handshake_failure alert (RFC 8446, section 6).
      socket.once('data', () => socket.end(Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28])))
    })
    const run = await checkOnce(plain.url.replace('http', 'https'))
    expect(run.outputs.reason).toBe('tls')
    expect(run.outputs['last-error']).toContain('The TLS handshake failed')
  })

  test('with a server that wants a client certificate fails', async () => {
    const tls = { ...(await authority.issue(['127.0.0.1'])), requestCert: true, rejectUnauthorized: true }
    await using server = await startHttp((_, response) => response.end(), { tls })
    const run = await checkOnce(server.url, { 'ca-cert': authority.certificate })
    expect(run.outputs.reason).toBe('tls')
    expect(run.outputs['last-error']).toContain('it asks for a client certificate')
  })

  test('that is reset is a connection that failed', async () => {
    await using server = await startTcp((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const run = await checkOnce(server.url.replace('http', 'https'))
    expect(run.outputs).toMatchObject({ reason: 'connect' })
    expect(run.outputs['last-error']).toContain('during the TLS handshake')
  })
})
