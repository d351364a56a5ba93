import { XMLParser } from 'fast-xml-parser'
import { exportVariable, failStep, maskSecret, readInput, setOutput } from '../step-input.ts'

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

interface Identity {
  readonly credentials: Credentials
  readonly accountId: string
}

const region = readInput('aws-region')
const endpoint = process.env.AWS_ENDPOINT_URL_STS || process.env.AWS_ENDPOINT_URL

/** The job's OIDC token for AWS. @see https://docs.github.com/actions/reference/security/oidc */
async function requestIdToken(): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = process.env
  if (!url || !bearer)
    return failStep(
      'Credentials could not be loaded: the job may not ask for an OIDC token. Give it `permissions: id-token: write`.',
    )
  const response = await fetch(`${url}&audience=${encodeURIComponent(readInput('audience'))}`, {
    headers: { authorization: `Bearer ${bearer}` },
  })
  if (!response.ok)
    return failStep(`The OIDC token was refused with status ${response.status}: ${await response.text()}`)
  return ((await response.json()) as { value: string }).value
}

function subjectOf(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }
  return claims.sub
}

async function callSts(parameters: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
  if (!endpoint) return failStep('There is no lab to ask for credentials: AWS_ENDPOINT_URL is not set')
  const body = new URLSearchParams({ Version: '2011-06-15', ...parameters })
  const response = await fetch(endpoint, { method: 'POST', headers, body })
  const text = await response.text()
  const answer = new XMLParser({ parseTagValue: false }).parse(text) as Answer
  if (response.ok) return answer
  const { Code: code = String(response.status), Message: message = text } = answer.ErrorResponse?.Error ?? {}
  const token = parameters.WebIdentityToken
  const whom = token === undefined ? '' : `; the job presented the subject ${subjectOf(token)}`
  return failStep(`${parameters.Action} was refused by the lab: ${code}: ${message}${whom}`)
}

/** The members that are read of STS's answers. */
interface Answer {
  readonly ErrorResponse?: { readonly Error?: { readonly Code?: string; readonly Message?: string } }
  readonly GetCallerIdentityResponse?: { readonly GetCallerIdentityResult: { readonly Account: string } }
  readonly AssumeRoleWithWebIdentityResponse?: {
    readonly AssumeRoleWithWebIdentityResult: {
      readonly Credentials: {
        readonly AccessKeyId: string
        readonly SecretAccessKey: string
        readonly SessionToken: string
      }
    }
  }
}

/** A role's name alone stands for a role of the account that is used, as in the action itself. */
async function assumeRole(role: string): Promise<Identity> {
  if (!role.startsWith('arn:')) return failStep(`role-to-assume has to be the ARN of a role, not '${role}'`)
  const answer = await callSts({
    Action: 'AssumeRoleWithWebIdentity',
    RoleArn: role,
    RoleSessionName: readInput('role-session-name'),
    DurationSeconds: readInput('role-duration-seconds'),
    WebIdentityToken: await requestIdToken(),
  })
  const issued = answer.AssumeRoleWithWebIdentityResponse?.AssumeRoleWithWebIdentityResult.Credentials
  if (issued === undefined) return failStep('The lab answered AssumeRoleWithWebIdentity without credentials')
  return {
    credentials: {
      accessKeyId: issued.AccessKeyId,
      secretAccessKey: issued.SecretAccessKey,
      sessionToken: issued.SessionToken,
    },
    accountId: role.split(':')[4] ?? '',
  }
}

/** Keys are proven by asking who they belong to; the lab looks at the key, not at the signature. */
async function useKeys(): Promise<Identity> {
  const credentials = {
    accessKeyId: readInput('aws-access-key-id'),
    secretAccessKey: readInput('aws-secret-access-key'),
    sessionToken: readInput('aws-session-token'),
  }
  if (credentials.accessKeyId === '' || credentials.secretAccessKey === '')
    return failStep(
      'Credentials could not be loaded, please check your action inputs: give role-to-assume, or aws-access-key-id and aws-secret-access-key',
    )
  const scope = `${credentials.accessKeyId}/${new Date().toISOString().slice(0, 10).replaceAll('-', '')}/${region}/sts/aws4_request`
  const answer = await callSts(
    { Action: 'GetCallerIdentity' },
    {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      ...(credentials.sessionToken === '' ? {} : { 'x-amz-security-token': credentials.sessionToken }),
    },
  )
  return { credentials, accountId: answer.GetCallerIdentityResponse?.GetCallerIdentityResult.Account ?? '' }
}

function publish({ credentials, accountId }: Identity): void {
  const allowed = readInput('allowed-account-ids')
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '')
  if (allowed.length > 0 && !allowed.includes(accountId))
    failStep(`The account ${accountId} of the credentials is not among allowed-account-ids: ${allowed.join(', ')}`)
  for (const value of Object.values(credentials)) if (value !== '') maskSecret(value)
  if (readInput('mask-aws-account-id') === 'true') maskSecret(accountId)
  exportVariable('AWS_REGION', region)
  exportVariable('AWS_DEFAULT_REGION', region)
  if (readInput('output-env-credentials') !== 'false') {
    exportVariable('AWS_ACCESS_KEY_ID', credentials.accessKeyId)
    exportVariable('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey)
    exportVariable('AWS_SESSION_TOKEN', credentials.sessionToken)
  }
  setOutput('aws-account-id', accountId)
  if (readInput('output-credentials') !== 'true') return
  setOutput('aws-access-key-id', credentials.accessKeyId)
  setOutput('aws-secret-access-key', credentials.secretAccessKey)
  setOutput('aws-session-token', credentials.sessionToken)
}

if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) failStep(`Region is not valid: ${region}`)
const role = readInput('role-to-assume')
if (role !== '' && readInput('aws-access-key-id') !== '')
  failStep('The rehearsal assumes a role with the OIDC token alone, not with access keys')
const identity = role === '' ? await useKeys() : await assumeRole(role)
publish(identity)
console.log(
  `Stand-in for aws-actions/configure-aws-credentials: credentials of the lab${role === '' ? '' : ` for ${role}`}, account ${identity.accountId}`,
)
