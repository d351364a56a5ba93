import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import type { Callers } from '../server/callers.ts'
import type { Policies } from '../server/policies.ts'
import { AwsError, type Call, type Caller, type Input, type LabContext, type Output, type Service } from '../service.ts'
import { issuer } from './oidc-endpoint.ts'
import { readWebIdentityToken } from './web-identity-token.ts'

/** The audience that GitHub's documentation and aws-actions/configure-aws-credentials use for AWS. */
const audience = 'sts.amazonaws.com'

/** The lab does not tell roles apart by their unique ids. */
const roleId = 'AROALABLABLABLABLAB00'

export interface StsDependencies {
  readonly callers: Callers
  /** Which of the roles trust which tokens. */
  readonly policies: Policies
  /** The roles that there are. */
  readonly roleArns: readonly string[]
  /** Sessions end after this many real seconds even if more were asked for, so that a test can outlive one. */
  readonly sessionLimitSeconds?: number | undefined
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html */
export async function createStsService(context: LabContext, dependencies: StsDependencies): Promise<Service> {
  return {
    name: 'sts',
    protocol: {
      kind: 'awsQuery',
      version: '2011-06-15',
      xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    },
    operations: {
      AssumeRoleWithWebIdentity: (input) => assumeRole(input, dependencies),
      GetCallerIdentity: (_input, call) => describeCaller(call, context.accountId),
    },
    unsigned: ['AssumeRoleWithWebIdentity'],
    // "No permissions are required to perform this operation."
    unguarded: ['GetCallerIdentity'],
    async close() {},
  }
}

const assumeRoleInput = v.strictObject({
  RoleArn: v.pipe(v.string(), v.minLength(20), v.maxLength(2048)),
  RoleSessionName: v.pipe(v.string(), v.regex(/^[\w+=,.@-]{2,64}$/)),
  WebIdentityToken: v.pipe(v.string(), v.minLength(4), v.maxLength(20_000)),
  DurationSeconds: v.optional(
    v.pipe(v.string(), v.transform(Number), v.integer(), v.minValue(900), v.maxValue(43_200)),
    '3600',
  ),
})

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
function assumeRole(input: Input, { callers, policies, roleArns, sessionLimitSeconds }: StsDependencies): Output {
  const { RoleArn, RoleSessionName, WebIdentityToken, DurationSeconds } = readInput(input)
  const claims = readWebIdentityToken(WebIdentityToken, { issuer, audience })
  const provider = `arn:aws:iam::${RoleArn.split(':')[4]}:oidc-provider/${issuer.replace('https://', '')}`
  if (!roleArns.includes(RoleArn) || !policies.isTrusted(RoleArn, { provider, claims })) {
    throw new AwsError('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403)
  }
  const seconds = Math.min(DurationSeconds, sessionLimitSeconds ?? Number.POSITIVE_INFINITY)
  const arn = sessionArn(RoleArn, RoleSessionName)
  const credentials = {
    accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(96).toString('base64'),
    expiresAt: new Date(Date.now() + seconds * 1000),
  }
  callers.add({ ...credentials, arn, roleArn: RoleArn })
  return {
    SubjectFromWebIdentityToken: claims.sub,
    Audience: audience,
    Provider: provider,
    AssumedRoleUser: { AssumedRoleId: `${roleId}:${RoleSessionName}`, Arn: arn },
    Credentials: {
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      SessionToken: credentials.sessionToken,
      Expiration: credentials.expiresAt,
    },
  }
}

function describeCaller({ caller }: Call, accountId: string): Output {
  return { UserId: userIdOf(caller), Account: accountId, Arn: caller.arn }
}

/** `AROA…:<session>` for a role's session, `AIDA…` for a user. */
function userIdOf({ accessKeyId, arn }: Caller): string {
  const session = /:assumed-role\/[^/]+\/(.+)$/.exec(arn)?.[1]
  return session === undefined ? accessKeyId.replace(/^AKIA/, 'AIDA') : `${roleId}:${session}`
}

/** The path of a role is no part of its sessions' names. */
function sessionArn(roleArn: string, sessionName: string): string {
  const account = roleArn.split(':')[4]
  return `arn:aws:sts::${account}:assumed-role/${roleArn.split('/').at(-1)}/${sessionName}`
}

function readInput(input: Input): v.InferOutput<typeof assumeRoleInput> {
  const result = v.safeParse(assumeRoleInput, input)
  if (result.success) return result.output
  const problems = result.issues.map((issue) => `Value at '${v.getDotPath(issue) ?? ''}': ${issue.message}`)
  const errors = problems.length === 1 ? 'validation error' : 'validation errors'
  throw new AwsError('ValidationError', `${problems.length} ${errors} detected: ${problems.join('; ')}`)
}
