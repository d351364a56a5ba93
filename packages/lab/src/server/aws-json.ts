import { AwsError, type Input, type Output } from '../service.ts'
import type { HttpAnswer } from './http.ts'

/** https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
export function readJsonInput(body: Buffer): Input {
  const text = body.toString('utf8')
  if (text === '') return {}
  try {
    const input: unknown = JSON.parse(text)
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input
  } catch {
    // Answered below.
  }
  throw new AwsError('SerializationException', 'The request body is not a JSON object')
}

export function jsonAnswer(output: Output, requestId: string): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
    body: JSON.stringify(toJson(output)),
  }
}

export function jsonError(error: AwsError, requestId: string): HttpAnswer {
  return {
    status: error.status,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-requestid': requestId,
      'x-amzn-errortype': error.code,
    },
    body: JSON.stringify({ __type: error.code, message: error.message, ...(toJson(error.members) as Output) }),
  }
}

/** Timestamps are seconds since 1970 with a fraction. */
function toJson(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member)]))
}
