import type { ActionContext } from '../action.ts'
import { ActionError, messageOf } from '../errors.ts'
import { classifyFailure, TransientFailure } from './aws-failure.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiration: Date
}

export type CredentialProvider = () => Promise<Credentials>

/** Renewed this long before the end, or after four fifths of a life that is shorter than that allows. */
const RENEW_BEFORE_MS = 5 * 60_000
/** What STS gives when no other duration is asked for (AssumeRoleWithWebIdentity, DurationSeconds). */
const LONGEST_LIFE_MS = 60 * 60_000
const ATTEMPT_MS = 10_000
const AUDIENCE = 'sts.amazonaws.com'

/**
 * Credentials of a role, taken with the job's own OIDC token and renewed before they run out for as long as the step
 * runs ("Configuring OpenID Connect in Amazon Web Services", GitHub Docs; AssumeRoleWithWebIdentity, STS API).
 *
 * Each call tries once; whoever sends the request that needs the credentials (AwsCaller) has the deadline and tries again.
 */
export function createWebIdentityProvider(
  role: { roleArn: string; sessionName: string; region: string },
  context: ActionContext,
): CredentialProvider {
  let current: { credentials: Credentials; renewAtMs: number } | undefined
  let renewal: Promise<Credentials> | undefined
  const renew = async (): Promise<Credentials> => {
    const credentials = await assumeRole(role, context)
    // A runner whose clock is late would believe that they live longer.
    const lifeMs = Math.min(credentials.expiration.getTime() - context.clock.date().getTime(), LONGEST_LIFE_MS)
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

/** @throws {TransientFailure} worth another try @throws {ActionError} no-credentials, with what to check */
async function assumeRole(
  role: { roleArn: string; sessionName: string; region: string },
  context: ActionContext,
): Promise<Credentials> {
  const { STSClient, AssumeRoleWithWebIdentityCommand } = await import('@aws-sdk/client-sts')
  const limit = AbortSignal.any([context.cleanUpSignal, AbortSignal.timeout(ATTEMPT_MS)])
  const token = await requestOidcToken(context, limit)
  // AssumeRoleWithWebIdentity is not signed: the client needs no credentials.
  const client = new STSClient({ region: role.region, maxAttempts: 1 })
  const command = new AssumeRoleWithWebIdentityCommand({
    RoleArn: role.roleArn,
    RoleSessionName: role.sessionName,
    WebIdentityToken: token,
  })
  try {
    const answer = await client.send(command, { abortSignal: limit })
    return readCredentials(answer.Credentials, context)
  } catch (error) {
    if (error instanceof ActionError) throw error
    const reason = limit.aborted ? 'AWS STS did not answer' : messageOf(error)
    if (limit.aborted || classifyFailure(error) === 'transient')
      throw new TransientFailure(`The role ${role.roleArn} could not be assumed: ${reason}`, { cause: error })
    throw new ActionError('no-credentials', `The role ${role.roleArn} could not be assumed: ${reason}`, {
      advice: `Check that the role's trust policy accepts token.actions.githubusercontent.com with audience ${AUDIENCE} and the subject of this job, ${subjectOf(token)} (sts:AssumeRoleWithWebIdentity).`,
      cause: error,
    })
  } finally {
    client.destroy()
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
async function requestOidcToken(context: ActionContext, signal: AbortSignal): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = context.environment
  if (!url || !bearer) {
    throw new ActionError('no-credentials', 'role-to-assume needs an OIDC token, and this job may not request one.', {
      advice: 'Give the job `permissions: id-token: write` (and `contents: read` if it checks out code).',
    })
  }
  const target = new URL(url)
  target.searchParams.set('audience', AUDIENCE)
  const answer = await get(target, bearer, signal).catch((error: unknown) => {
    const why = signal.aborted ? 'no answer came' : messageOf(error)
    throw new TransientFailure(`GitHub's token endpoint could not be reached: ${why}`, { cause: error })
  })
  if (answer.status === 429 || answer.status >= 500) {
    throw new TransientFailure(`GitHub's token endpoint answered ${answer.status}`)
  }
  const token = answer.status === 200 ? readToken(answer.body) : undefined
  if (token === undefined) {
    throw new ActionError('no-credentials', `GitHub's token endpoint answered ${answer.status} without a token.`, {
      advice: 'Check that the job has `permissions: id-token: write`.',
    })
  }
  context.mask(token)
  return token
}

/** Whom the token says that the job is; it is no secret, and what a trust policy most often gets wrong. */
function subjectOf(token: string): string {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub?: unknown }
    return `\`${claims.sub}\``
  } catch {
    return 'which its token does not say'
  }
}

function readToken(body: string): string | undefined {
  try {
    const { value } = JSON.parse(body) as { value?: unknown }
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

async function get(url: URL, bearer: string, signal: AbortSignal): Promise<{ status: number; body: string }> {
  const { request } = url.protocol === 'http:' ? await import('node:http') : await import('node:https')
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const headers = { authorization: `Bearer ${bearer}`, accept: 'application/json' }
  const sent = request(url, { signal, headers }, (answer) => {
    let body = ''
    answer.setEncoding('utf8')
    answer.on('data', (chunk: string) => {
      body += chunk
    })
    answer.on('error', reject)
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
  })
  sent.on('error', reject)
  sent.end()
  return promise
}
