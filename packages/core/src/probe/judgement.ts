import { formatDuration } from '../duration.ts'
import { shorten } from '../excerpt.ts'
import { MAX_BODY_BYTES } from './body.ts'
import { type Condition, formatCondition, placeholdersOf } from './condition.ts'
import { evaluate, type Facts, type Matcher } from './condition-evaluation.ts'
import type { Answer, Head } from './exchange.ts'
import type { Expectations, Problem } from './expectations.ts'
import type { JsonValue } from './json-value.ts'
import { compilePattern, EndlessPattern } from './pattern-matcher.ts'
import { includesStatus } from './status-set.ts'
import { isWebSocket } from './target.ts'
import type { Trace } from './trace.ts'

/** A complete attempt, before it is judged. */
export interface Observation {
  readonly answer?: Answer
  readonly json: JsonValue | undefined
  readonly version: string | undefined
  readonly trace: Trace
  /** From DNS to the end of the body, redirects included. */
  readonly responseMs: number
  readonly now: Date
}

/** Everything that is not as expected; the first is the attempt's reason. */
export async function judge(seen: Observation, expected: Expectations, matches: Matcher): Promise<Problem[]> {
  return [
    ...(await judgeAnswer(seen, expected, matches)),
    ...(await judgeConditions(seen, expected, matches)),
    ...judgeTime(seen, expected),
  ]
}

/** A TCP target has no answer, and a WebSocket's has no body: of them less is expected. */
async function judgeAnswer(seen: Observation, expected: Expectations, matches: Matcher): Promise<Problem[]> {
  if (!seen.answer) return []
  const answered = [
    ...judgeStatus(seen, expected),
    ...judgeFinalUrl(seen, expected),
    ...judgeCertificate(seen, expected),
  ]
  if (isWebSocket(new URL(seen.trace.url))) return answered
  const inBody = [...judgeBody(seen, expected), ...judgeVersion(seen, expected)]
  return [...answered, ...inBody, ...(await judgePattern(seen, expected, matches))]
}

/** The conditions that name `[STATUS]`; they take the place of `expected-status`. */
export function statusConditions({ conditions = [] }: Pick<Expectations, 'conditions'>): Condition[] {
  return conditions.filter((condition) => placeholdersOf(condition).some(({ kind }) => kind === 'STATUS'))
}

/**
 * Whether a redirect's status is the answer that is wanted, and so is not followed. Conditions want it when one gives
 * the status itself (`[STATUS] == 302`) or they would not hold for 200: `[STATUS] < 400` is about the page in the end, and
 * a redirect to a login page must not fulfil it.
 */
export async function expectsStatus(status: number, expected: Expectations): Promise<boolean> {
  const own = statusConditions(expected)
  if (own.length === 0) return includesStatus(expected.status, status)
  if (!(await holdFor(status, own))) return false
  return own.some(({ operator }) => operator === '==') || !(await holdFor(200, own))
}

async function holdFor(status: number, conditions: readonly Condition[]): Promise<boolean> {
  // Three digits cannot make a pattern backtrack for long.
  const matches: Matcher = async (pattern, text) => compilePattern(pattern).test(text)
  const results = await Promise.all(
    conditions.map((condition) => evaluate(condition, { ...NO_FACTS, status }, matches)),
  )
  return results.every(({ holds }) => holds)
}

const NO_FACTS: Facts = {
  status: undefined,
  responseMs: 0,
  certificateLeftMs: undefined,
  finalUrl: '',
  connected: true,
  headers: {},
  bodyText: undefined,
  bodyJson: undefined,
}

function judgeStatus({ answer, trace }: Observation, expected: Expectations): Problem[] {
  if (!answer) return []
  const problem = (message: string): Problem[] => [{ reason: 'status', message }]
  if (answer.handshakeProblem !== undefined) return problem(answer.handshakeProblem)
  if (statusConditions(expected).length > 0) return []
  if (isWebSocket(new URL(trace.url))) {
    return answer.status === 101 ? [] : problem(`${describeStatus(answer)}, expected 101 from a WebSocket`)
  }
  if (includesStatus(expected.status, answer.status)) return []
  return problem(`${describeStatus(answer)}, expected ${expected.status.text}`)
}

export function describeStatus({ status, statusText }: Head): string {
  return `${status} ${shorten(statusText, 100)}`.trim()
}

function judgeFinalUrl({ trace }: Observation, { finalUrl }: Expectations): Problem[] {
  if (finalUrl === undefined || new URL(finalUrl).href === trace.url) return []
  return [{ reason: 'redirect', message: `The final URL is ${trace.url}, expected ${finalUrl}` }]
}

function judgeCertificate({ trace, now }: Observation, { minCertificateValidityMs }: Expectations): Problem[] {
  if (minCertificateValidityMs === undefined) return []
  const problem = (message: string): Problem[] => [{ reason: 'certificate', message }]
  const wanted = `min-certificate-validity is ${formatDuration(minCertificateValidityMs)}`
  if (!trace.certificate) return problem(`There is no certificate on ${trace.url}; ${wanted}`)
  const { subject, expiresAt } = trace.certificate
  const leftMs = Date.parse(expiresAt) - now.getTime()
  if (leftMs >= minCertificateValidityMs) return []
  const when = leftMs > 0 ? `expires in ${formatDuration(leftMs)}` : 'has expired'
  return problem(`The certificate of ${subject} ${when}, at ${expiresAt}; ${wanted}`)
}

function judgeBody({ answer }: Observation, { bodyText }: Expectations): Problem[] {
  if (!answer) return []
  const { text, problem } = answer.body
  if (problem !== undefined) return [{ reason: 'body', message: problem }]
  if (bodyText === undefined || text.includes(bodyText)) return []
  return [{ reason: 'body', message: `The body does not contain '${bodyText}'${extentOf(answer)}` }]
}

/** What lies beyond the limit counts as absent, and the message says so. */
function extentOf({ body }: Answer): string {
  return body.truncated ? ` in its first ${MAX_BODY_BYTES} bytes; what lies beyond is not read` : ''
}

function judgeVersion({ answer, json, version }: Observation, expected: Expectations): Problem[] {
  if (expected.version === undefined || !answer || version === expected.version) return []
  const problem = (message: string): Problem[] => [{ reason: 'version', message }]
  if (version !== undefined) return problem(`Version ${shorten(version, 100)} answers, not yet ${expected.version}`)
  if (json !== undefined) {
    return problem(`The JSON body has no version at version-path${extentOf(answer)}; expected ${expected.version}`)
  }
  const type = answer.headers['content-type'] ?? 'no Content-Type'
  return problem(
    `The body is not JSON (${type}), so it has no version${extentOf(answer)}; expected ${expected.version}`,
  )
}

async function judgePattern({ answer }: Observation, expected: Expectations, matches: Matcher): Promise<Problem[]> {
  const { bodyPattern } = expected
  if (bodyPattern === undefined || !answer || answer.body.problem !== undefined) return []
  const problem = (message: string): Problem[] => [{ reason: 'body', message }]
  try {
    if (await matches(bodyPattern, answer.body.text)) return []
    return problem(`The body does not match ${bodyPattern}${extentOf(answer)}`)
  } catch (error) {
    if (error instanceof EndlessPattern) return problem(`expected-body-regex ${bodyPattern} ${error.message}`)
    throw error
  }
}

async function judgeConditions(seen: Observation, { conditions = [] }: Expectations, matches: Matcher) {
  const problems: Problem[] = []
  const facts = factsOf(seen)
  for (const condition of conditions) {
    const text = formatCondition(condition)
    try {
      const result = await evaluate(condition, facts, matches)
      if (result.holds) continue
      const ofBody = placeholdersOf(condition).some(({ kind }) => kind === 'BODY')
      const extent = seen.answer && ofBody ? extentOf(seen.answer) : ''
      problems.push({ reason: 'condition', message: `${text} does not hold: it is ${result.seen}${extent}` })
    } catch (error) {
      if (!(error instanceof EndlessPattern)) throw error
      problems.push({ reason: 'condition', message: `${text} ${error.message}` })
    }
  }
  return problems
}

function factsOf({ answer, json, trace, responseMs, now }: Observation): Facts {
  const { certificate } = trace
  return {
    status: answer?.status,
    responseMs,
    certificateLeftMs: certificate && Date.parse(certificate.expiresAt) - now.getTime(),
    finalUrl: trace.url,
    connected: trace.address !== undefined,
    headers: answer?.headers ?? {},
    bodyText: answer?.body.text,
    bodyJson: json,
  }
}

function judgeTime({ responseMs }: Observation, { maxResponseMs }: Expectations): Problem[] {
  if (maxResponseMs === undefined || responseMs <= maxResponseMs) return []
  const [took, limit] = [formatDuration(responseMs), formatDuration(maxResponseMs)]
  return [{ reason: 'timeout', message: `The answer took ${took}, more than max-response-time ${limit}` }]
}
