import { isIP, type Socket } from 'node:net'
import type { PeerCertificate, SecureContext, TLSSocket } from 'node:tls'
import { shorten } from '../excerpt.ts'
import { describeCode, expectOpen, type Probing, swallowErrors } from './connection.ts'
import { codeOf, ProbeError } from './probe-error.ts'
import type { CertificateFacts } from './trace.ts'

/** How a server's certificate is judged. */
export interface TrustOptions {
  /** PEM of authorities that are trusted beside the well-known ones. */
  readonly caCertificates?: string
  /** Accepts any certificate. */
  readonly insecure?: boolean
}

/** Made once for all attempts: reading the well-known authorities takes longer than a handshake. */
export type Trust = TrustOptions & { context?: SecureContext }

/**
 * Reads the authorities. That takes several milliseconds of the processor once, which are ours and not the target's: do
 * it before an attempt is timed.
 */
export async function prepareTrust(trust: Trust): Promise<SecureContext> {
  const { caCertificates } = trust
  // node:tls is a third of an HTTPS client's start-up; a plain HTTP target never needs it.
  const { createSecureContext, getCACertificates } = await import('node:tls')
  trust.context ??= createSecureContext(
    caCertificates === undefined ? {} : { ca: [...getCACertificates('default'), caCertificates] },
  )
  return trust.context
}

/**
 * Shakes hands for TLS over a connection; `host` is the name that is sent (SNI) and that the certificate must hold for.
 *
 * @throws {ProbeError} `tls` when the handshake or the verification fails; `connect` for a reset
 */
export async function secure(raw: Socket, host: string, trust: Trust, probing: Probing): Promise<TLSSocket> {
  const { trace, clock } = probing
  const secureContext = await prepareTrust(trust)
  const { connect } = await import('node:tls')
  const startedAtMs = clock.nowMs()
  trace.phase = 'tls'
  expectOpen(raw, trace)
  const socket = connect({
    socket: raw,
    host,
    ...(isIP(host) === 0 && { servername: host }),
    secureContext,
    ALPNProtocols: ['http/1.1'],
    // The verification's result is read below, before anything is sent: Node would drop the certificate with the
    // connection, and whoever reads the log wants to know which certificate it was.
    rejectUnauthorized: false,
  })
  swallowErrors(socket)
  await handshake(socket, probing.signal)
  trace.tlsMs = clock.nowMs() - startedAtMs
  trace.certificate = factsOf(socket.getPeerCertificate())
  if (trust.insecure || socket.authorized) return socket
  socket.destroy()
  const code = String(socket.authorizationError ?? '')
  throw new ProbeError(
    'tls',
    `The certificate is refused: ${explainRefusal(code, host, trace.certificate, clock.date())}`,
    { code },
  )
}

/** Waits for the end of the handshake; an error or the signal destroys the socket and rejects. */
function handshake(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      settle()
      socket.destroy()
      reject(error)
    }
    const onError = (error: Error): void => fail(handshakeFailure(error))
    const onAbort = (): void => fail(new ProbeError('timeout', 'The attempt was ended.'))
    const onReady = (): void => {
      settle()
      resolve()
    }
    const settle = (): void => {
      socket.off('error', onError)
      socket.off('secureConnect', onReady)
      signal.removeEventListener('abort', onAbort)
    }
    socket.once('error', onError)
    socket.once('secureConnect', onReady)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}

function handshakeFailure(error: Error): ProbeError {
  const code = codeOf(error)
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return new ProbeError('connect', `The server ${describeCode(code)} during the TLS handshake`, { cause: error })
  }
  const plain = code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG'
  const hint = plain ? ': what listens there does not speak TLS' : ''
  return new ProbeError('tls', `The TLS handshake failed${hint} (${code === '' ? error.message : code})`, {
    cause: error,
  })
}

function explainRefusal(code: string, host: string, facts: CertificateFacts, now: Date): string {
  const { subject, issuer, names, validFrom, expiresAt } = facts
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return Date.parse(expiresAt) > now.getTime()
        ? `an authority above it has expired; ${subject} itself is valid until ${expiresAt} (${code})`
        : `${subject} has expired; it was valid until ${expiresAt} (${code})`
    case 'CERT_NOT_YET_VALID':
      return `it is not valid before ${validFrom} (${code})`
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `${subject} is self-signed (${code})`
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return `it comes from an authority that is not trusted here, ${issuer} (${code})`
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `its issuer ${issuer} is not trusted here, or the server does not send the intermediate certificate (${code})`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `it does not hold for ${host} but for ${names === '' ? subject : shorten(names, 300)} (${code})`
    default:
      return code
  }
}

function factsOf(certificate: PeerCertificate): CertificateFacts {
  return {
    subject: formatName(certificate.subject),
    issuer: formatName(certificate.issuer),
    names: certificate.subjectaltname ?? '',
    validFrom: isoDate(certificate.valid_from),
    expiresAt: isoDate(certificate.valid_to),
  }
}

function formatName(name: PeerCertificate['subject'] | undefined): string {
  return Object.entries(name ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')
}

function isoDate(text: string | undefined): string {
  const date = new Date(text ?? '')
  return Number.isNaN(date.getTime()) ? '' : date.toISOString()
}
