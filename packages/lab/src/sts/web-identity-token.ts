import * as v from 'valibot'
import { AwsError } from '../service.ts'

const claimsSchema = v.looseObject({
  iss: v.string(),
  sub: v.string(),
  aud: v.union([v.string(), v.array(v.string())]),
  exp: v.number(),
})

export type WebIdentityClaims = v.InferOutput<typeof claimsSchema>

/**
 * The claims of a JWT as STS accepts it; the signature is not verified.
 * @throws AwsError InvalidIdentityToken or ExpiredTokenException, as AssumeRoleWithWebIdentity documents them
 */
export function readWebIdentityToken(token: string, expected: { issuer: string; audience: string }): WebIdentityClaims {
  const [header, payload, signature, ...rest] = token.split('.')
  const claims = v.safeParse(claimsSchema, decode(payload))
  if (decode(header) === undefined || !signature || rest.length > 0 || !claims.success) {
    throw new AwsError('InvalidIdentityToken', 'The ID Token provided is not a valid JWT.')
  }
  const { iss, aud, exp } = claims.output
  if (iss !== expected.issuer) {
    throw new AwsError('InvalidIdentityToken', `No OpenIDConnect provider found in your account for ${iss}`)
  }
  if (![aud].flat().includes(expected.audience)) {
    throw new AwsError('InvalidIdentityToken', 'Incorrect token audience')
  }
  const now = Math.floor(Date.now() / 1000)
  if (exp <= now) {
    const message = `Token expired: current date/time ${now} must be before the expiration date/time ${exp}`
    throw new AwsError('ExpiredTokenException', message)
  }
  return claims.output
}

function decode(part: string | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
