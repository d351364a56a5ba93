import type { Head } from './exchange.ts'
import type { Phase } from './probe-error.ts'

/** What a certificate says about itself; dates are ISO 8601. */
export interface CertificateFacts {
  readonly subject: string
  readonly issuer: string
  /** The names that it holds for: `DNS:example.com, IP Address:127.0.0.1`. */
  readonly names: string
  readonly validFrom: string
  readonly expiresAt: string
}

/** What one attempt has met so far. It is written while the attempt runs, so that a failure can be explained. */
export interface Trace {
  phase: Phase
  /** The address that was connected to, with its port. */
  address?: string
  /** Addresses of the same name that did not answer, with what happened. */
  deadAddresses: string[]
  /** The URL that was asked last: after redirects, the page that is judged. */
  url: string
  redirects: string[]
  /** The proxy in between, without its credentials. */
  proxy?: string
  dnsMs?: number
  connectMs?: number
  tlsMs?: number
  /** From the request to the end of the answer's header. */
  firstByteMs?: number
  /** Of the last answer. */
  head?: Head
  certificate?: CertificateFacts
}

/** What was met on the way to one page says nothing about the next one that a redirect leads to. */
export function beginHop(trace: Trace, url: string): void {
  trace.url = url
  for (const name of ['address', 'proxy', 'dnsMs', 'connectMs', 'tlsMs', 'firstByteMs', 'certificate'] as const) {
    delete trace[name]
  }
}

export function startTrace(url: string): Trace {
  return { phase: 'dns', deadAddresses: [], url, redirects: [] }
}
