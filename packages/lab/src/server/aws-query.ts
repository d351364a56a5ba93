import { XMLBuilder } from 'fast-xml-parser'
import { type AwsError, type AwsQuery, type Input, type Output, XmlList } from '../service.ts'
import { GatewayError } from './gateway-error.ts'
import type { HttpAnswer } from './http.ts'

/**
 * Folds awsQuery parameters into the input they came from: `Filters.Filter.1.Name=x` becomes `Filters: [{Name: 'x'}]`.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
export function readQueryInput(parameters: URLSearchParams): Input {
  const root: Branch = new Map()
  for (const [name, value] of parameters) {
    if (name !== 'Action' && name !== 'Version') plant(root, name.split('.'), value)
  }
  return Object.fromEntries([...root].map(([name, branch]) => [name, fold(branch)]))
}

type Branch = Map<string, Branch | string>

function plant(root: Branch, path: readonly string[], value: string): void {
  let branch = root
  for (const step of path.slice(0, -1)) {
    const next = branch.get(step)
    const known = next instanceof Map ? next : new Map<string, Branch | string>()
    branch.set(step, known)
    branch = known
  }
  branch.set(path.at(-1)!, value)
}

function fold(branch: Branch | string): unknown {
  if (typeof branch === 'string') return branch
  const [only] = branch.values()
  if (branch.size === 1 && only instanceof Map && isNumbered(only)) return listOf(only)
  if (isNumbered(branch)) return listOf(branch)
  return Object.fromEntries([...branch].map(([name, child]) => [name, fold(child)]))
}

function isNumbered(branch: Branch): boolean {
  return branch.size > 0 && [...branch.keys()].every((key) => /^\d+$/.test(key))
}

function listOf(branch: Branch): readonly unknown[] {
  return [...branch].sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => fold(child))
}

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', suppressEmptyNode: true })

export function queryAnswer(operation: string, output: Output, requestId: string, protocol: AwsQuery): HttpAnswer {
  return xmlAnswer(200, requestId, {
    [`${operation}Response`]: {
      '@xmlns': protocol.xmlNamespace,
      [`${operation}Result`]: toXml(output),
      ResponseMetadata: { RequestId: requestId },
    },
  })
}

export function queryError(error: AwsError, requestId: string, xmlNamespace: string | undefined): HttpAnswer {
  const [code, status] =
    error instanceof GatewayError ? [error.queryCode, error.queryStatus] : [error.code, error.status]
  return xmlAnswer(status, requestId, {
    ErrorResponse: {
      '@xmlns': xmlNamespace ?? 'http://webservices.amazon.com/AWSFault/2005-15-09',
      Error: {
        Type: status < 500 ? 'Sender' : 'Receiver',
        Code: code,
        Message: error.message,
        ...(toXml(error.members) as Output),
      },
      RequestId: requestId,
    },
  })
}

function xmlAnswer(status: number, requestId: string, document: Output): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(document)}`,
  }
}

function toXml(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  if (value instanceof XmlList) return { [value.member]: value.items.map(toXml) }
  if (Array.isArray(value))
    throw new Error('A list in an awsQuery answer has to be an XmlList, which names its members')
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined && member !== null)
  return Object.fromEntries(members.map(([name, member]) => [name, toXml(member)]))
}
