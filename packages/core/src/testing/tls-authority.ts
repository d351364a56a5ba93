import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** PEM of a certificate and its key, as node:tls takes them. */
export interface ServerCredentials {
  readonly cert: string
  readonly key: string
}

/** A certificate authority that exists for one test. */
export interface TlsAuthority {
  readonly certificate: string
  /** `names` are DNS names and addresses; dates are in days from now. */
  issue(names: readonly string[], days?: { from?: number; to?: number }): Promise<ServerCredentials>
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 86_400_000

/** Dates are in days from now. */
export async function createTlsAuthority(days?: { from?: number; to?: number }): Promise<TlsAuthority> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Test Authority',
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(days),
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  })
  return {
    certificate: authority.toString('pem'),
    async issue(names, ownDays) {
      const own = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
      const certificate = await x509.X509CertificateGenerator.create({
        subject: `CN=${names[0]}`,
        issuer: authority.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity(ownDays),
        extensions: [alternativeNames(names)],
      })
      return { cert: certificate.toString('pem'), key: await pemOf(own.privateKey) }
    },
  }
}

/** A certificate that nobody vouches for but itself. */
export async function createSelfSigned(names: readonly string[]): Promise<ServerCredentials> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${names[0]}`,
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(),
    extensions: [alternativeNames(names)],
  })
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) }
}

function validity({ from = -30, to = 365 }: { from?: number; to?: number } = {}): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() + from * DAY_MS), notAfter: new Date(Date.now() + to * DAY_MS) }
}

function alternativeNames(names: readonly string[]): x509.SubjectAlternativeNameExtension {
  return new x509.SubjectAlternativeNameExtension(
    names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value })),
  )
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}
