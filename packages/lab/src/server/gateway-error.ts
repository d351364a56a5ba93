import { AwsError } from '../service.ts'

/** Errors that any AWS service gives before its own logic, named differently by awsJson and awsQuery services. */
const wireCodes = {
  AccessDeniedException: { query: 'AccessDenied', queryStatus: 403 },
  ExpiredTokenException: { query: 'ExpiredToken', queryStatus: 403 },
  IncompleteSignatureException: { query: 'IncompleteSignature', queryStatus: 400 },
  MissingAuthenticationTokenException: { query: 'MissingAuthenticationToken', queryStatus: 403 },
  ThrottlingException: { query: 'Throttling', queryStatus: 400 },
  UnknownOperationException: { query: 'InvalidAction', queryStatus: 400 },
  UnrecognizedClientException: { query: 'InvalidClientTokenId', queryStatus: 403 },
} as const

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html and .../AmazonRDS/latest/APIReference/CommonErrors.html */
export class GatewayError extends AwsError {
  readonly queryCode: string
  readonly queryStatus: number

  constructor(code: keyof typeof wireCodes, message: string) {
    super(code, message)
    this.queryCode = wireCodes[code].query
    this.queryStatus = wireCodes[code].queryStatus
  }
}
