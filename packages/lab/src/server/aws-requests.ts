import { randomUUID } from 'node:crypto'
import type { AwsError, Call, Caller, Input, Output, Service } from '../service.ts'
import { jsonAnswer, jsonError, readJsonInput } from './aws-json.ts'
import { queryAnswer, queryError, readQueryInput } from './aws-query.ts'
import { anonymous, type Callers, type Credentials, readSignature, type SignedBy } from './callers.ts'
import type { Exchange } from './exchange.ts'
import { GatewayError } from './gateway-error.ts'
import type { HttpAnswer, HttpRequest } from './http.ts'
import type { Policies } from './policies.ts'

export interface AwsOptions {
  readonly services: readonly Service[]
  readonly callers: Callers
  readonly policies: Policies
}

/** How one request is read and answered on the wire. */
interface Wire {
  readonly service: Service | undefined
  readonly operation: string
  readInput(): Input
  answer(output: Output): HttpAnswer
  refuse(error: AwsError): HttpAnswer
}

/** Reads a request to AWS. A request that no service can perform becomes an exchange that is refused. */
export function readAwsRequest(request: HttpRequest, options: AwsOptions): Exchange {
  const requestId = randomUUID()
  const signed = attempt(() => readSignature(request.headers))
  const wire =
    request.headers['x-amz-target'] === undefined
      ? queryWire(request, options.services, requestId, 'value' in signed ? signed.value?.service : undefined)
      : jsonWire(request, options.services, requestId)
  const input = attempt(() => wire.readInput())
  const credentials = attempt(() => identify(wire, options.callers, unwrap(signed)))
  const caller = 'value' in credentials && credentials.value !== undefined ? credentials.value : anonymous

  return {
    service: wire.service?.name ?? 'unknown',
    operation: wire.operation,
    caller: caller.arn,
    input: 'value' in input ? input.value : undefined,
    refuse: wire.refuse,
    async perform() {
      const known = unwrap(credentials)
      const region = unwrap(signed)?.region ?? ''
      const output = await perform(wire, unwrap(input), { requestId, region, caller, known }, options.policies)
      return { output, answer: wire.answer(output) }
    },
  }
}

function jsonWire(request: HttpRequest, services: readonly Service[], requestId: string): Wire {
  const target = String(request.headers['x-amz-target'])
  const [prefix = '', operation = ''] = target.split('.', 2)
  return {
    service: services.find(({ protocol }) => protocol.kind === 'awsJson1.1' && protocol.targetPrefix === prefix),
    operation: operation || target,
    readInput: () => readJsonInput(request.body),
    answer: (output) => jsonAnswer(output, requestId),
    refuse: (error) => jsonError(error, requestId),
  }
}

function queryWire(
  request: HttpRequest,
  services: readonly Service[],
  requestId: string,
  signingName: string | undefined,
): Wire {
  const parameters = new URLSearchParams([...request.query, ...new URLSearchParams(request.body.toString('utf8'))])
  const operation = parameters.get('Action') ?? ''
  const version = parameters.get('Version')
  const service = services.find(
    ({ name, protocol }) =>
      protocol.kind === 'awsQuery' && (signingName === undefined ? protocol.version === version : name === signingName),
  )
  const protocol = service?.protocol.kind === 'awsQuery' ? service.protocol : undefined
  return {
    service,
    operation,
    readInput: () => readQueryInput(parameters),
    answer: (output) => queryAnswer(operation, output, requestId, protocol!),
    refuse: (error) => queryError(error, requestId, protocol?.xmlNamespace),
  }
}

/** Undefined for an operation that needs no signature and has none. */
function identify(wire: Wire, callers: Callers, signed: SignedBy | undefined): Credentials | undefined {
  if (signed !== undefined) return callers.identify(signed)
  if (wire.service?.unsigned?.includes(wire.operation)) return undefined
  throw new GatewayError('MissingAuthenticationTokenException', 'Missing Authentication Token')
}

interface Identified {
  readonly requestId: string
  readonly region: string
  readonly caller: Caller
  readonly known: Credentials | undefined
}

async function perform(wire: Wire, input: Input, identified: Identified, policies: Policies): Promise<Output> {
  const { service, operation } = wire
  const perform =
    service !== undefined && Object.hasOwn(service.operations, operation) ? service.operations[operation] : undefined
  if (service === undefined || perform === undefined)
    throw new GatewayError(
      'UnknownOperationException',
      `The lab has no operation ${operation || '(none given)'}${service ? ` of ${service.name}` : ''}`,
    )

  const { requestId, region, caller, known } = identified
  let asked = known === undefined || service.unguarded?.includes(operation) === true
  const authorize: Call['authorize'] = (action, resource, context = {}) => {
    asked = true
    const global = { 'aws:RequestedRegion': region, 'aws:PrincipalArn': known?.roleArn ?? caller.arn }
    if (known !== undefined) policies.check(known, { action, resource, context: { ...global, ...context } })
  }
  const output = await perform(input, { requestId, region, caller, authorize })
  // An operation without a resource of its own is authorized on all of them.
  if (!asked) authorize(`${service.name}:${operation}`, '*')
  return output
}

type Attempt<T> = { readonly value: T } | { readonly error: unknown }

function attempt<T>(read: () => T): Attempt<T> {
  try {
    return { value: read() }
  } catch (error) {
    return { error }
  }
}

function unwrap<T>(result: Attempt<T>): T {
  if ('error' in result) throw result.error
  return result.value
}
