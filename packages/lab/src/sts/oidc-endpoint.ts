import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { type HttpRequest, type HttpRoute, jsonBody } from '../server/http.ts'

/** GitHub's issuer: what a role's trust policy names. */
export const issuer = 'https://token.actions.githubusercontent.com'

export interface OidcEndpointOptions {
  readonly prefix: string
  /** What ACTIONS_ID_TOKEN_REQUEST_TOKEN says. */
  readonly requestToken: string
  /** `repo:<owner>/<name>:ref:refs/heads/<branch>` and the like. */
  readonly subject: string
  /** Real seconds that a token is valid; GitHub's are for five minutes. */
  readonly validSeconds: number
}

/**
 * The runner's token endpoint, ACTIONS_ID_TOKEN_REQUEST_URL with `&audience=…`.
 * https://docs.github.com/en/actions/reference/security/oidc
 */
export function createOidcEndpoint(options: OidcEndpointOptions): HttpRoute {
  const { privateKey } = generateKeyPairSync('ed25519')
  const tokenFor = (audience: string) => {
    const issuedAt = Math.floor(Date.now() / 1000)
    const claims = {
      jti: randomUUID(),
      sub: options.subject,
      aud: audience,
      iss: issuer,
      nbf: issuedAt,
      iat: issuedAt,
      exp: issuedAt + options.validSeconds,
    }
    const signed = `${encode({ typ: 'JWT', alg: 'EdDSA', kid: 'lab' })}.${encode(claims)}`
    return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
  }
  return {
    prefix: options.prefix,
    describe: ({ query }) => ({
      service: 'oidc',
      operation: 'GetIdToken',
      caller: options.subject,
      input: { audience: query.get('audience') },
    }),
    handle(request: HttpRequest) {
      if (request.method !== 'GET') return jsonBody(405, { message: 'Method Not Allowed' })
      const [scheme, token] = request.headers.authorization?.split(' ') ?? []
      if (scheme?.toLowerCase() !== 'bearer' || token !== options.requestToken) {
        return jsonBody(401, { message: 'The bearer token is not the ACTIONS_ID_TOKEN_REQUEST_TOKEN of this job' })
      }
      return jsonBody(200, { value: tokenFor(request.query.get('audience') ?? defaultAudience(options.subject)) })
    },
  }
}

/** GitHub's default is the URL of the repository's owner. */
function defaultAudience(subject: string): string {
  return `https://github.com/${/^repo:([^/]+)\//.exec(subject)?.[1] ?? ''}`
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
