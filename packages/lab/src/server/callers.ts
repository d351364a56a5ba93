import type { IncomingHttpHeaders } from 'node:http'
import type { Caller } from '../service.ts'
import { GatewayError } from './gateway-error.ts'

/** An access key that the lab knows. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary credentials: has to come with each request. */
  readonly sessionToken?: string
  readonly expiresAt?: Date
  /** `arn:aws:iam::…:user/…` or `arn:aws:sts::…:assumed-role/<role>/<session>`. */
  readonly arn: string
  /** The IAM role behind an assumed-role session. */
  readonly roleArn?: string
}

/** What the Authorization header says; the signature itself is not verified. */
export interface SignedBy {
  readonly accessKeyId: string
  readonly region: string
  /** The signing name: `ecs`, `rds`, `logs`, … */
  readonly service: string
  readonly sessionToken: string | undefined
}

/** The access keys of a lab and who they belong to. */
export class Callers {
  readonly #known = new Map<string, Credentials>()

  add(credentials: Credentials): void {
    this.#known.set(credentials.accessKeyId, credentials)
  }

  /** @throws GatewayError UnrecognizedClientException or ExpiredTokenException, as awsJson services name them */
  identify(signed: SignedBy): Credentials {
    const known = this.#known.get(signed.accessKeyId)
    if (known === undefined || known.sessionToken !== signed.sessionToken) {
      throw new GatewayError('UnrecognizedClientException', 'The security token included in the request is invalid.')
    }
    if (known.expiresAt !== undefined && known.expiresAt <= new Date()) {
      throw new GatewayError('ExpiredTokenException', 'The security token included in the request is expired')
    }
    return known
  }
}

export const anonymous: Caller = { accessKeyId: '', arn: 'anonymous' }

const authorizationPattern = /^AWS4-HMAC-SHA256 Credential=([^/\s,]+)\/\d{8}\/([^/]*)\/([^/]+)\/aws4_request\b/

/** Undefined when the request is not signed. @throws GatewayError IncompleteSignature for another Authorization */
export function readSignature(headers: IncomingHttpHeaders): SignedBy | undefined {
  if (headers.authorization === undefined) return undefined
  const match = authorizationPattern.exec(headers.authorization)
  if (match === null) {
    throw new GatewayError(
      'IncompleteSignatureException',
      'Authorization header requires a Signature Version 4 credential.',
    )
  }
  const [, accessKeyId = '', region = '', service = ''] = match
  const token = headers['x-amz-security-token']
  return { accessKeyId, region, service, sessionToken: Array.isArray(token) ? token[0] : token }
}
