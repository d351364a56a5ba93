import { formatDuration } from '../duration.ts'
import { MAX_BODY_BYTES } from './body.ts'
import type { Answer } from './exchange.ts'
import type { Expectations, Problem } from './expectations.ts'
import { includesStatus } from './status-set.ts'
import { isWebSocket } from './target.ts'
import type { Trace } from './trace.ts'

/** A complete attempt, before it is judged. */
export interface Observation {
  readonly answer?: Answer
  readonly trace: Trace
  /** From DNS to the end of the body, redirects included. */
  readonly responseMs: number
  readonly now: Date
}

/** Everything that is not as expected; the first is the attempt's reason. */
export function judge(observation: Observation, expectations: Expectations): Problem[] {
  return [
    ...judgeStatus(observation, expectations),
    ...judgeFinalUrl(observation, expectations),
    ...judgeBody(observation, expectations),
    ...judgeTime(observation, expectations),
    ...judgeCertificate(observation, expectations),
  ]
}

function judgeStatus({ answer, trace }: Observation, { status }: Expectations): Problem[] {
  if (!answer || isWebSocket(new URL(trace.url)) || includesStatus(status, answer.status)) return []
  return [{ reason: 'status', message: `${describeStatus(answer)}, expected ${status.text}` }]
}

export function describeStatus({ status, statusText }: { status: number; statusText: string }): string {
  return `${status} ${statusText}`.trim()
}

function judgeFinalUrl({ trace }: Observation, { finalUrl }: Expectations): Problem[] {
  if (finalUrl === undefined || new URL(finalUrl).href === trace.url) return []
  return [{ reason: 'redirect', message: `The final URL is ${trace.url}, expected ${finalUrl}` }]
}

function judgeBody({ answer }: Observation, { bodyText }: Expectations): Problem[] {
  if (!answer) return []
  const { text, truncated, problem } = answer.body
  if (problem !== undefined) return [{ reason: 'body', message: problem }]
  if (bodyText === undefined || text.includes(bodyText)) return []
  const where = truncated ? ` in its first ${MAX_BODY_BYTES} bytes (more is not looked at)` : ''
  return [{ reason: 'body', message: `The body does not contain '${bodyText}'${where}` }]
}

function judgeTime({ responseMs }: Observation, { maxResponseMs }: Expectations): Problem[] {
  if (maxResponseMs === undefined || responseMs <= maxResponseMs) return []
  const message = `The answer took ${formatDuration(responseMs)}, more than max-response-time ${formatDuration(maxResponseMs)}`
  return [{ reason: 'timeout', message }]
}

function judgeCertificate({ trace, now }: Observation, { minCertificateValidityMs }: Expectations): Problem[] {
  if (minCertificateValidityMs === undefined) return []
  const problem = (message: string): Problem[] => [{ reason: 'certificate', message }]
  const wanted = `min-certificate-validity is ${formatDuration(minCertificateValidityMs)}`
  if (!trace.certificate) return problem(`There is no certificate on ${trace.url}; ${wanted}`)
  const { subject, expiresAt } = trace.certificate
  const leftMs = Date.parse(expiresAt) - now.getTime()
  if (leftMs >= minCertificateValidityMs) return []
  return problem(
    `The certificate of ${subject} expires in ${formatDuration(Math.max(0, leftMs))}, at ${expiresAt}; ${wanted}`,
  )
}
