/** Why an attempt failed; the `reason` output of health-check. */
export type Reason =
  | 'dns'
  | 'connect'
  | 'tls'
  | 'timeout'
  | 'status'
  | 'body'
  | 'condition'
  | 'version'
  | 'redirect'
  | 'certificate'

/** How far an attempt came. `request`: sent, and no complete header yet; `match`: all is here and being judged. */
export type Phase = 'dns' | 'connect' | 'tls' | 'request' | 'body' | 'match'

/** An attempt that ended without an answer that could be judged. */
export class ProbeError extends Error {
  readonly reason: Reason
  /** Node's or OpenSSL's code, where there is one: `ECONNREFUSED`, `CERT_HAS_EXPIRED`. */
  readonly code: string

  constructor(reason: Reason, message: string, options: { code?: string; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'ProbeError'
    this.reason = reason
    this.code = options.code ?? codeOf(options.cause)
  }
}

/** Node's code of a system, TLS or HTTP parser error: `ECONNREFUSED`, `HPE_INVALID_CONSTANT`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
