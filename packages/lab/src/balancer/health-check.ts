import { request } from 'node:http'

export interface HealthCheck {
  readonly path: string
  readonly accepts: (status: number) => boolean
  /** Real milliseconds: the process that answers is real, and no scaled clock makes it faster. */
  readonly timeoutMs: number
}

/** `reason` is a TargetHealthReasonEnum, `description` in the words of DescribeTargetHealth. */
export type HealthVerdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly reason: string; readonly description: string; readonly connected: boolean }

export interface Address {
  readonly host: string
  readonly port: number
}

/** One health check of one target. Resolves always. */
export function checkHealth(address: Address, check: HealthCheck, signal: AbortSignal): Promise<HealthVerdict> {
  return new Promise((resolve) => {
    const sent = request({
      ...address,
      path: check.path,
      agent: false,
      headers: { 'user-agent': 'ELB-HealthChecker/2.0' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(check.timeoutMs)]),
    })
    let connected = false
    sent.once('socket', (socket) => {
      socket.once('connect', () => {
        connected = true
      })
    })
    sent.once('response', (response) => {
      response.resume()
      response.on('error', () => {})
      resolve(judge(response.statusCode ?? 0, check))
    })
    sent.once('error', (error) => {
      const timedOut = error.name === 'TimeoutError' || error.name === 'AbortError'
      const [reason, description] = timedOut
        ? (['Target.Timeout', 'Request timed out'] as const)
        : (['Target.FailedHealthChecks', 'Health checks failed'] as const)
      resolve({ kind: 'failed', reason, description, connected })
    })
    sent.end()
  })
}

function judge(status: number, check: HealthCheck): HealthVerdict {
  if (check.accepts(status)) return { kind: 'passed' }
  const description = `Health checks failed with these codes: [${status}]`
  return { kind: 'failed', reason: 'Target.ResponseCodeMismatch', description, connected: true }
}
