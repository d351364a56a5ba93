import { setTimeout as sleep } from 'node:timers/promises'
import type { Journal } from '../journal.ts'
import { AwsError } from '../service.ts'
import type { Faults } from './faults.ts'
import { GatewayError } from './gateway-error.ts'
import type { HttpAnswer } from './http.ts'
import { withoutSecrets } from './redaction.ts'
import type { Throttle } from './throttle.ts'

/** One request, read but not yet performed. */
export interface Exchange {
  readonly service: string
  readonly operation: string
  readonly caller: string
  readonly input: unknown
  /** @throws AwsError for what the service refuses */
  perform(): Promise<{ readonly output: unknown; readonly answer: HttpAnswer }>
  /** The error in the protocol of the request. */
  refuse(error: AwsError): HttpAnswer
}

/** `reset` cuts the connection, `silence` never answers. */
export type Answered = HttpAnswer | 'reset' | 'silence'

export interface ExchangeOptions {
  readonly faults: Faults
  readonly throttle: Throttle
  readonly journal: Journal
}

/** Performs a request as the faults and the request rates allow, and writes it to the journal. */
export async function conduct(exchange: Exchange, { faults, throttle, journal }: ExchangeOptions): Promise<Answered> {
  const { service, operation, caller } = exchange
  const request = { kind: 'request', service, operation, caller, input: withoutSecrets(exchange.input) } as const
  const cut = (effect: boolean) => journal.add({ ...request, outcome: { kind: 'cut', effect } })
  const fault = faults.next(service, operation)

  if (fault?.kind === 'resetBefore' || fault?.kind === 'noAnswer') {
    cut(false)
    return fault.kind === 'noAnswer' ? 'silence' : 'reset'
  }
  let answer: HttpAnswer
  try {
    if (fault?.kind === 'serverError') throw new AwsError('InternalFailure', 'An internal error of the service.', 500)
    if (fault?.kind === 'throttle' || !throttle.take(service, operation)) {
      throw new GatewayError('ThrottlingException', 'Rate exceeded')
    }
    const performed = await exchange.perform()
    answer = performed.answer
    if (fault?.kind === 'resetAfter') {
      cut(true)
      return 'reset'
    }
    const output = withoutSecrets(performed.output)
    journal.add({ ...request, outcome: { kind: 'answered', status: answer.status, output } })
  } catch (error) {
    const refused = asAwsError(error)
    answer = exchange.refuse(refused)
    const { code, message } = refused
    journal.add({ ...request, outcome: { kind: 'error', status: answer.status, code, message } })
  }
  if (fault?.kind === 'slow') await sleep(fault.ms)
  return answer
}

/** A mistake in the lab itself is answered as AWS answers its own, and is seen where the lab runs. */
function asAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error
  console.error('The lab failed to answer a request:', error)
  return new AwsError('InternalFailure', error instanceof Error ? error.message : String(error), 500)
}
