import type { ActionContext } from '@deploy-kit/core/action'
import { formatDuration } from '@deploy-kit/core/duration'
import type { HealthOptions } from '@deploy-kit/core/probe/health'
import { statusConditions } from '@deploy-kit/core/probe/judgement'
import { mayHaveProxy } from '@deploy-kit/core/probe/route'
import manifest from '../action.yml'
import packageFile from '../package.json' with { type: 'json' }
import type { Inputs } from './inputs.ts'

/** What the inputs ask of the check. */
export function healthOptions(inputs: Inputs): HealthOptions {
  const { body, connectTo, expectedBody, expectedFinalUrl, maxResponseTime, minCertificateValidity, caCert } = inputs
  const authorization = authorizationOf(inputs)
  return {
    targets: inputs.url,
    request: {
      method: inputs.method,
      headers: inputs.headers,
      ...(body !== undefined && { body }),
      ...(authorization !== undefined && { authorization }),
      userAgent: inputs.userAgent.replaceAll('<version>', packageFile.version),
      followRedirects: inputs.followRedirects,
      maxRedirects: inputs.maxRedirects,
      ...(connectTo && { connectTo }),
    },
    expectations: {
      status: inputs.expectedStatus,
      ...(expectedBody !== undefined && { bodyText: expectedBody }),
      ...(inputs.expectedBodyRegex !== undefined && { bodyPattern: inputs.expectedBodyRegex }),
      ...(inputs.expectedVersion !== undefined && { version: inputs.expectedVersion }),
      versionPath: inputs.versionPath,
      conditions: inputs.conditions,
      ...(expectedFinalUrl !== undefined && { finalUrl: expectedFinalUrl }),
      ...(maxResponseTime !== undefined && { maxResponseMs: maxResponseTime }),
      ...(minCertificateValidity !== undefined && { minCertificateValidityMs: minCertificateValidity }),
    },
    trust: { insecure: inputs.insecure, ...(caCert !== undefined && { caCertificates: caCert }) },
    timeoutMs: inputs.timeout,
    requestTimeoutMs: inputs.requestTimeout,
    everyMs: inputs.interval,
    backoffCoefficient: inputs.backoffCoefficient,
    maxEveryMs: inputs.maxInterval,
    jitter: inputs.jitter,
    successThreshold: inputs.successThreshold,
    maxAttempts: inputs.maxAttempts,
    initialDelayMs: inputs.initialDelay,
    startPeriodMs: inputs.startPeriod,
    failureThreshold: inputs.failureThreshold,
    ...(inputs.failFastStatus && { failFastStatus: inputs.failFastStatus }),
  }
}

/** The log's first line: what is going to happen. */
export function describePlan(inputs: Inputs): string {
  const { url, initialDelay, interval, timeout, successThreshold, insecure, startPeriod, failureThreshold } = inputs
  const [first] = url
  const what = url.length === 1 && first ? first.text : `${url.length} targets`
  const delay = initialDelay > 0 ? `In ${formatDuration(initialDelay)}, ` : ''
  const times = successThreshold === 1 ? 'one answer is' : `${successThreshold} answers in a row are`
  const trust = insecure ? ' Certificates are not verified (insecure).' : ''
  const asked = inputs.expectedStatus.text !== manifest.inputs['expected-status']?.default
  const replaced = asked && statusConditions(inputs).length > 0
  const status = replaced ? ' A condition names [STATUS], so expected-status is not looked at.' : ''
  const unused = startPeriod > 0 && failureThreshold === 0
  const period = unused ? ' start-period has no effect without failure-threshold.' : ''
  const plan = `until ${times} as expected, every ${formatDuration(interval)}, for at most ${formatDuration(timeout)}`
  return `${delay}${delay === '' ? 'Probing' : 'probing'} ${what} ${plan}.${trust}${status}${period}`
}

/** The value of the Authorization header that the secret inputs make. */
export function authorizationOf({ bearerToken, basicAuth }: Inputs): string | undefined {
  if (bearerToken !== undefined) return `Bearer ${bearerToken}`
  return basicAuth === undefined ? undefined : `Basic ${Buffer.from(basicAuth).toString('base64')}`
}

/** What the secret inputs turn into, headers that are secrets by their nature, and what the job's proxies ask for. */
export async function derivedSecrets(inputs: Inputs, environment: ActionContext['environment']): Promise<string[]> {
  const { basicAuth, headers } = inputs
  const secret = headers.filter(([name]) => /^(authorization|cookie|proxy-authorization)$/i.test(name))
  const fromHeaders = secret.flatMap(([, value]) => [value, value.replace(/^\S+\s+/, '')])
  const fromBasicAuth =
    basicAuth === undefined
      ? []
      : [basicAuth.slice(basicAuth.indexOf(':') + 1), Buffer.from(basicAuth).toString('base64')]
  const fromProxies = mayHaveProxy(environment)
    ? (await import('@deploy-kit/core/probe/proxy')).proxySecrets(environment)
    : []
  // Something shorter would blank out half of the log and protect nothing.
  return [...fromHeaders, ...fromBasicAuth, ...fromProxies].filter((text) => text.length > 3)
}
