import type { ActionContext } from '../action.ts'
import { ActionError, messageOf } from '../errors.ts'
import { classifyFailure } from './aws-failure.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiration: Date
}

export type CredentialProvider = () => Promise<Credentials>

/** Renewed this long before the end, or after four fifths of a life that is shorter than that allows. */
const RENEW_BEFORE_MS = 5 * 60_000
const ATTEMPTS = 5

/**
 * Credentials of a role, taken with the job's own OIDC token and renewed before they run out for as long as the step
 * runs ("Configuring OpenID Connect in Amazon Web Services", GitHub Docs; AssumeRoleWithWebIdentity, STS API).
 */
export function createWebIdentityProvider(
  role: { roleArn: string; sessionName: string; region: string },
  context: ActionContext,
): CredentialProvider {
  let current: { credentials: Credentials; renewAtMs: number } | undefined
  let renewal: Promise<Credentials> | undefined
  const renew = async (): Promise<Credentials> => {
    const credentials = await assumeRole(role, context)
    const lifeMs = credentials.expiration.getTime() - context.clock.date().getTime()
    const usableMs = Math.max(lifeMs * 0.8, lifeMs - RENEW_BEFORE_MS)
    current = { credentials, renewAtMs: context.clock.nowMs() + usableMs }
    return credentials
  }
  return async () => {
    if (current && context.clock.nowMs() < current.renewAtMs) return withoutExpiration(current.credentials)
    renewal ??= renew().finally(() => {
      renewal = undefined
    })
    return withoutExpiration(await renewal)
  }
}

/** The SDK caches credentials without an expiration for good, and asks again each time it is near: always ask us. */
function withoutExpiration(credentials: Credentials): Credentials {
  return { ...credentials, expiration: new Date(0) }
}

async function assumeRole(
  role: { roleArn: string; sessionName: string; region: string },
  context: ActionContext,
): Promise<Credentials> {
  const { STSClient, AssumeRoleWithWebIdentityCommand } = await import('@aws-sdk/client-sts')
  // The call itself is not signed; without this the client would look for credentials to sign it with.
  const client = new STSClient({ region: role.region, maxAttempts: 1 })
  for (let attempt = 1; ; attempt += 1) {
    try {
      const token = await requestOidcToken(context)
      const answer = await client.send(
        new AssumeRoleWithWebIdentityCommand({
          RoleArn: role.roleArn,
          RoleSessionName: role.sessionName,
          WebIdentityToken: token,
        }),
        { abortSignal: AbortSignal.any([context.cleanUpSignal, AbortSignal.timeout(10_000)]) },
      )
      return readCredentials(answer.Credentials, context)
    } catch (error) {
      if (error instanceof ActionError) throw error
      const kind = classifyFailure(error)
      if (kind === 'transient' && attempt < ATTEMPTS) {
        await context.clock.sleep(250 * 2 ** attempt * (0.5 + Math.random() / 2), context.cleanUpSignal)
        continue
      }
      throw new ActionError('no-credentials', `The role ${role.roleArn} could not be assumed: ${messageOf(error)}`, {
        advice:
          "Check that the role's trust policy accepts token.actions.githubusercontent.com with audience sts.amazonaws.com and this repository (sts:AssumeRoleWithWebIdentity).",
        cause: error,
      })
    }
  }
}

function readCredentials(
  given:
    | {
        AccessKeyId?: string | undefined
        SecretAccessKey?: string | undefined
        SessionToken?: string | undefined
        Expiration?: Date | undefined
      }
    | undefined,
  context: ActionContext,
): Credentials {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = given ?? {}
  if (
    AccessKeyId === undefined ||
    SecretAccessKey === undefined ||
    SessionToken === undefined ||
    Expiration === undefined
  ) {
    throw new ActionError('no-credentials', 'AWS STS answered without credentials.')
  }
  context.mask(SecretAccessKey)
  context.mask(SessionToken)
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  }
}

/** The job's OIDC token ("OpenID Connect reference", GitHub Docs: "Methods for requesting the OIDC token"). */
async function requestOidcToken(context: ActionContext): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = context.environment
  if (!url || !bearer) {
    throw new ActionError('no-credentials', 'role-to-assume needs an OIDC token, and this job may not request one.', {
      advice: 'Give the job `permissions: id-token: write` (and `contents: read` if it checks out code).',
    })
  }
  const target = new URL(url)
  target.searchParams.set('audience', 'sts.amazonaws.com')
  const token = await getJsonValue(
    target,
    bearer,
    AbortSignal.any([context.cleanUpSignal, AbortSignal.timeout(10_000)]),
  )
  context.mask(token)
  return token
}

async function getJsonValue(url: URL, bearer: string, signal: AbortSignal): Promise<string> {
  const { request } = url.protocol === 'http:' ? await import('node:http') : await import('node:https')
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request(
    url,
    { signal, headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' } },
    (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        body += chunk
      })
      answer.on('error', reject)
      answer.on('end', () => {
        try {
          const value = (JSON.parse(body) as { value?: unknown }).value
          if (typeof value === 'string') resolve(value)
          else reject(new Error(`the token endpoint answered ${answer.statusCode} without a token`))
        } catch {
          reject(new Error(`the token endpoint answered ${answer.statusCode} with something that is not JSON`))
        }
      })
    },
  )
  sent.on('error', reject)
  sent.end()
  return promise
}
