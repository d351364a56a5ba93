import { ActionError, messageOf } from '../errors.ts'

/** What a failed AWS call means for the caller. */
export type FailureKind = 'transient' | 'access-denied' | 'no-credentials' | 'not-found' | 'quota' | 'refused'

/** What passes by itself, from a source that has no codes of AWS: the next attempt may succeed. */
export class TransientFailure extends Error {
  override readonly name = 'TransientFailure'
}

/** An error as the SDK throws it, as far as it is read here. */
interface SdkError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string }
}

/** Throttling codes of the AWS SDKs' standard retry mode ("Retry behavior", AWS SDKs and Tools Reference Guide). */
const THROTTLES = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
])

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'IDPCommunicationError',
  // The connection ended before a whole answer had come: nothing to parse.
  'ERR_STREAM_PREMATURE_CLOSE',
])

const DENIED = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'UnauthorizedOperation',
  'AuthorizationError',
  'NotAuthorized',
])

const CREDENTIALS = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'IncompleteSignature',
  'IncompleteSignatureException',
])

/** Tells failed calls apart by code and status, never by searching texts (but for the one case AWS gives no code). */
export function classifyFailure(error: unknown): FailureKind {
  if (error instanceof TransientFailure) return 'transient'
  const { name, code = '', status } = read(error)
  if (DENIED.has(name)) return 'access-denied'
  if (CREDENTIALS.has(name)) return 'no-credentials'
  if (isThrottle(error)) return 'transient'
  if (NETWORK.has(name) || NETWORK.has(code)) return 'transient'
  if (status !== undefined && status >= 500) return 'transient'
  if (name === 'SyntaxError' || status === 408) return 'transient'
  // ECS says this when two revisions of one family are registered at once; it is a ClientException without a code of its own.
  if (name === 'ClientException' && messageOf(error).includes('Too many concurrent attempts')) return 'transient'
  if (/NotFound(Fault|Exception)?$|^NoSuch/.test(name)) return 'not-found'
  if (/(Quota|Limit)(Exceeded|Exceeded(Fault|Exception))$/.test(name)) return 'quota'
  return 'refused'
}

/** AWS did nothing of what was asked; any other transient failure may have come after the effect. */
export function isThrottle(error: unknown): boolean {
  const { name, status } = read(error)
  return THROTTLES.has(name) || status === 429
}

/** The credentials were valid once. */
export function isExpired(error: unknown): boolean {
  return /^ExpiredToken(Exception)?$/.test(read(error).name)
}

/** The code on the wire: `DBSnapshotAlreadyExists`, without the model's `Fault`. */
export function failureCode(error: unknown): string {
  return read(error).name.replace(/Fault$/, '')
}

/**
 * The error to throw for a failed call. `operation` is the IAM action (`ecs:RunTask`), `subject` what it was about
 * ("task definition app:12").
 */
export function explainFailure(error: unknown, operation: string, subject: string): ActionError {
  const kind = classifyFailure(error)
  const { name, message, requestId } = read(error)
  const said = `${name}: ${message}${requestId === '' ? '' : ` (request ${requestId})`}`
  const tried = `${operation} on ${subject}`
  switch (kind) {
    case 'access-denied': {
      const missing = missingAction(message) ?? operation
      return new ActionError('access-denied', `AWS denied ${tried}: the credentials lack ${missing}. ${said}`, {
        advice: `Allow ${missing} for ${missingResource(message) ?? subject} in the policy of the role that this job uses.`,
        cause: error,
      })
    }
    case 'no-credentials':
      return new ActionError('no-credentials', `AWS did not accept the credentials for ${tried}. ${said}`, {
        advice:
          'Set role-to-assume (with `permissions: id-token: write`), or run aws-actions/configure-aws-credentials before this step.',
        cause: error,
      })
    case 'transient':
      return new ActionError(
        'unreachable',
        `${tried} was tried until the deadline and never succeeded. The last answer: ${said}`,
        {
          advice:
            'Look at the AWS Health Dashboard and at the rate of requests in this account, then run the job again.',
          cause: error,
        },
      )
    case 'not-found':
      return new ActionError('not-found', `${tried}: it does not exist in this account and region. ${said}`, {
        advice: 'Check the name, and that aws-region and the account are the ones that are meant.',
        cause: error,
      })
    case 'quota':
      return new ActionError('quota', `${tried} would exceed a limit of the account. ${said}`, { cause: error })
    case 'refused':
      return new ActionError('refused', `AWS refused ${tried}. ${said}`, { cause: error })
  }
}

/** AWS's denial names the action: "… is not authorized to perform: ecs:RunTask on resource: …". */
function missingAction(message: string): string | undefined {
  return /not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)/.exec(message)?.[1]
}

function missingResource(message: string): string | undefined {
  return /on resource:? (arn:\S+?)(?=[\s,]|$)/.exec(message)?.[1]
}

function read(error: unknown): {
  name: string
  code: string
  message: string
  status: number | undefined
  requestId: string
} {
  const { name = 'Error', code = '', $metadata } = (error ?? {}) as Partial<SdkError>
  return {
    name,
    code,
    message: messageOf(error),
    status: $metadata?.httpStatusCode,
    requestId: $metadata?.requestId ?? '',
  }
}
