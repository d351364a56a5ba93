import { formatDuration } from '@deploy-kit/core/duration'
import type { InputProblem } from '@deploy-kit/core/inputs'
import type { Placeholder } from '@deploy-kit/core/probe/condition'
import { placeholdersOf } from '@deploy-kit/core/probe/condition'
import { statusConditions } from '@deploy-kit/core/probe/judgement'
import { commonStatus } from '@deploy-kit/core/probe/status-set'
import manifest from '../action.yml'
import type { Inputs } from './inputs.ts'
import { checkHead, checkTargets } from './target-checks.ts'

type Given = Partial<Inputs>

/** What single inputs cannot show: values that contradict each other, or that could never be fulfilled. */
export function checkTogether(inputs: Given): InputProblem[] {
  return [
    ...checkTimes(inputs),
    ...checkCredentials(inputs),
    ...checkRequest(inputs),
    ...checkHead(inputs),
    ...checkExpectations(inputs),
    ...checkTargets(inputs),
  ]
}

function checkTimes(inputs: Given): InputProblem[] {
  const { timeout, interval, maxAttempts, successThreshold, initialDelay } = inputs
  const problems: InputProblem[] = []
  const add = (names: string[], message: string): number => problems.push({ inputs: names, message })
  if (maxAttempts && successThreshold && maxAttempts < successThreshold) {
    const message = `${maxAttempts} attempts can never give ${successThreshold} passes in a row`
    add(['max-attempts', 'success-threshold'], message)
  }
  if (timeout === undefined) return problems
  if (initialDelay !== undefined && initialDelay >= timeout) {
    add(
      ['initial-delay', 'timeout'],
      `nothing would be probed: ${formatDuration(initialDelay)} is not less than ${formatDuration(timeout)}`,
    )
  } else if (interval !== undefined && interval > timeout) {
    add(
      ['interval', 'timeout'],
      `the pause of ${formatDuration(interval)} is longer than the whole step may take, ${formatDuration(timeout)}`,
    )
  } else {
    const leastMs = leastStreakMs(inputs)
    if (leastMs !== undefined && leastMs >= timeout) {
      const message = `${successThreshold} passes in a row take at least ${formatDuration(leastMs)}, and the step may take ${formatDuration(timeout)}`
      add(['success-threshold', 'interval', 'timeout'], message)
    }
  }
  return problems
}

/** The pauses of the quickest possible streak. */
function leastStreakMs({ successThreshold, interval, backoffCoefficient, maxInterval, jitter, initialDelay }: Given) {
  if (successThreshold === undefined || interval === undefined) return undefined
  let total = initialDelay ?? 0
  let pause = interval
  const longest = Math.max(interval, maxInterval ?? interval)
  // A streak that is longer than this takes longer than any timeout, or no time at all.
  for (let count = 1; count < Math.min(successThreshold, 1_000_000); count += 1) {
    total += pause * (1 - (jitter ?? 0))
    pause = Math.min(pause * (backoffCoefficient ?? 1), longest)
  }
  return total
}

function checkCredentials({ bearerToken, basicAuth, headers = [] }: Given): InputProblem[] {
  const problems: InputProblem[] = []
  const own = headers.some(([name]) => name.toLowerCase() === 'authorization')
  if (bearerToken !== undefined && basicAuth !== undefined) {
    problems.push({ inputs: ['bearer-token', 'basic-auth'], message: 'both make an Authorization header; give one' })
  }
  for (const [name, value] of [
    ['bearer-token', bearerToken],
    ['basic-auth', basicAuth],
  ] as const) {
    if (value !== undefined && own) {
      problems.push({ inputs: [name, 'headers'], message: 'both give Authorization; give one' })
    }
  }
  return problems
}

function checkRequest({ method, body, headers = [], userAgent, insecure, caCert }: Given): InputProblem[] {
  const problems: InputProblem[] = []
  if (body !== undefined && (method === 'GET' || method === 'HEAD')) {
    problems.push({ inputs: ['body', 'method'], message: `${method} has no body; give a method such as POST` })
  }
  const ownAgent = userAgent !== manifest.inputs['user-agent']?.default
  if (ownAgent && headers.some(([name]) => name.toLowerCase() === 'user-agent')) {
    problems.push({ inputs: ['headers', 'user-agent'], message: 'both give User-Agent; give one' })
  }
  const names = headers.map(([name]) => name.toLowerCase())
  for (const name of new Set(names.filter((candidate, index) => names.indexOf(candidate) !== index))) {
    problems.push({ inputs: ['headers'], message: `'${name}' is given twice` })
  }
  if (insecure && caCert !== undefined) {
    problems.push({
      inputs: ['insecure', 'ca-cert'],
      message: 'insecure accepts any certificate, so ca-cert has no effect',
    })
  }
  return problems
}

function checkExpectations(inputs: Given): InputProblem[] {
  const { conditions = [], expectedStatus, failFastStatus, maxResponseTime, requestTimeout } = inputs
  const problems: InputProblem[] = []
  const common = failFastStatus && expectedStatus && commonStatus(failFastStatus, expectedStatus)
  if (common !== undefined && statusConditions({ conditions }).length === 0) {
    problems.push({ inputs: ['fail-fast-status', 'expected-status'], message: `${common} is in both` })
  }
  if (maxResponseTime !== undefined && requestTimeout !== undefined && maxResponseTime > requestTimeout) {
    const message = `an attempt ends after ${formatDuration(requestTimeout)}, so no answer can take ${formatDuration(maxResponseTime)}`
    problems.push({ inputs: ['max-response-time', 'request-timeout'], message })
  }
  if (inputs.expectedVersion === undefined || inputs.versionPath === undefined)
    return [...problems, ...checkTwice(inputs)]
  const path = JSON.stringify(inputs.versionPath)
  if (placeholders(inputs).some((found) => found.kind === 'BODY' && JSON.stringify(found.path) === path)) {
    const message = 'both look at the same place of the body; give one'
    problems.push({ inputs: ['expected-version', 'conditions'], message })
  }
  return [...problems, ...checkTwice(inputs)]
}

/** One thing judged in two places would have two limits. */
function checkTwice(inputs: Given): InputProblem[] {
  const twice = [
    ['max-response-time', inputs.maxResponseTime, 'RESPONSE_TIME'],
    ['min-certificate-validity', inputs.minCertificateValidity, 'CERTIFICATE_EXPIRATION'],
    ['expected-final-url', inputs.expectedFinalUrl, 'FINAL_URL'],
  ] as const
  return twice
    .filter(([, value, kind]) => value !== undefined && placeholders(inputs).some((found) => found.kind === kind))
    .map(([name, , kind]) => ({ inputs: [name, 'conditions'], message: `[${kind}] is judged by both; give one` }))
}

function placeholders({ conditions = [] }: Given): Placeholder[] {
  return conditions.flatMap(placeholdersOf)
}
