import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { type HttpRequest, type HttpRoute, jsonBody } from '../server/http.ts'
import type { IdTokens, JobClaims } from './id-tokens.ts'

/** GitHub's issuer: what a role's trust policy names. */
export const issuer = 'https://token.actions.githubusercontent.com'

export interface OidcEndpointOptions {
  readonly prefix: string
  readonly idTokens: IdTokens
  /** Real seconds that a token is valid; GitHub's are for five minutes. */
  readonly validSeconds: number
}

/**
 * The runner's token endpoint, ACTIONS_ID_TOKEN_REQUEST_URL with `&audience=…`.
 * https://docs.github.com/en/actions/reference/security/oidc
 */
export function createOidcEndpoint({ prefix, idTokens, validSeconds }: OidcEndpointOptions): HttpRoute {
  const { privateKey } = generateKeyPairSync('ed25519')
  const tokenFor = (job: JobClaims, audience: string) => {
    const issuedAt = Math.floor(Date.now() / 1000)
    const times = { nbf: issuedAt, iat: issuedAt, exp: issuedAt + validSeconds }
    const claims = { jti: randomUUID(), ...job, aud: audience, iss: issuer, ...times }
    const signed = `${encode({ typ: 'JWT', alg: 'EdDSA', kid: 'lab' })}.${encode(claims)}`
    return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
  }
  const jobOf = (request: HttpRequest) => {
    const [scheme, token = ''] = request.headers.authorization?.split(' ') ?? []
    return scheme?.toLowerCase() === 'bearer' ? idTokens.claimsFor(token) : undefined
  }
  return {
    prefix,
    describe: (request) => ({
      service: 'oidc',
      operation: 'GetIdToken',
      caller: jobOf(request)?.sub ?? 'unknown token',
      input: { audience: request.query.get('audience') },
    }),
    handle(request: HttpRequest) {
      if (request.method !== 'GET') return jsonBody(405, { message: 'Method Not Allowed' })
      const job = jobOf(request)
      if (job === undefined)
        return jsonBody(401, { message: 'The bearer token is not the ACTIONS_ID_TOKEN_REQUEST_TOKEN of a job' })
      return jsonBody(200, { value: tokenFor(job, request.query.get('audience') ?? defaultAudience(job)) })
    },
  }
}

/** GitHub's default is the URL of the repository's owner. */
function defaultAudience({ repository }: JobClaims): string {
  return `https://github.com/${repository.split('/')[0]}`
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
