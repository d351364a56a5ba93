import { shorten } from '../excerpt.ts'
import type { Attempt } from './attempt.ts'
import type { Problem } from './expectations.ts'
import { isSecure } from './target.ts'
import type { TargetWatch } from './target-watch.ts'

/** What to look at next, for someone who has never seen the service. */
export function adviseOn(watch: TargetWatch, failure: Attempt): string {
  const [problem] = failure.problems
  if (!problem) return ''
  const own = adviseOnProblem(watch, failure, problem)
  if (!isFlapping(watch)) return own
  return `Good and bad answers take turns: several instances answer, and not all of them are well. Look at each one behind the load balancer by itself (connect-to). ${own}`
}

/** At least two changes from good to bad or back, so that it is neither a start nor a crash. */
function isFlapping({ history }: TargetWatch): boolean {
  const outcomes = history.filter(({ complete }) => complete).map(({ problems }) => problems.length === 0)
  const changes = outcomes.filter((outcome, index) => index > 0 && outcome !== outcomes[index - 1]).length
  return changes >= 3
}

function adviseOnProblem(watch: TargetWatch, failure: Attempt, problem: Problem): string {
  switch (problem.reason) {
    case 'dns':
      return 'Look up the name from where the runner is (a private zone is not seen from outside), and check its spelling.'
    case 'connect':
      return adviseOnConnection(failure, problem)
    case 'tls':
      return adviseOnTls(failure, problem)
    case 'timeout':
      return adviseOnTimeout(failure)
    case 'status':
      return adviseOnStatus(failure)
    case 'redirect':
      return 'If the page it leads to is the right one, give that URL, or follow-redirects: all with expected-final-url. A redirect to a login page means that the request needs bearer-token, basic-auth or a Cookie header.'
    case 'version':
      return adviseOnVersion(watch, failure)
    case 'body':
      return adviseOnBody(failure)
    case 'condition':
      return isHtml(failure)
        ? HTML_ADVICE
        : 'Compare the body below with the condition: is the key spelled like this, and where it is expected?'
    case 'certificate':
      return 'Renew the certificate, and see why it was not renewed by itself.'
  }
}

function adviseOnConnection({ trace }: Attempt, { code }: Problem): string {
  if (trace.proxy !== undefined) return adviseOnProxy(trace.proxy, code)
  if (code === 'ECONNREFUSED') {
    return 'The machine is there and nothing listens on that port: has the process started, does it listen on 0.0.0.0 and not only on 127.0.0.1, is the port mapped?'
  }
  if (trace.phase === 'request' || trace.phase === 'body') {
    return isSecure(new URL(trace.url))
      ? 'The process accepts connections and drops them: read its log for a crash at the request.'
      : 'The process accepts connections and drops them: read its log for a crash at the request, and check whether the port expects https.'
  }
  return 'Check the address, the routes and the firewall between the runner and the target.'
}

function adviseOnProxy(proxy: string, code: string | undefined): string {
  const way = `The way leads through the proxy ${proxy} (HTTPS_PROXY, HTTP_PROXY)`
  return code === '407'
    ? `${way}, which asks for credentials: write them into its URL, http://user:password@host:port.`
    : `${way}: is it up, and should NO_PROXY name this host?`
}

function adviseOnTls({ trace, startedAt }: Attempt, { code }: Problem): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      if (Date.parse(trace.certificate?.expiresAt ?? '') > startedAt.getTime())
        return 'The certificate itself is good: let the server send the current certificate of the authority between.'
      return 'Renew the certificate, and see why it was not renewed by itself.'
    case 'CERT_NOT_YET_VALID':
      return "Check the clocks of the server and of the runner against the certificate's dates."
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'Another server answers, or the certificate lacks this name: check DNS, the load balancer’s rule for this host name, and the names of the certificate.'
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'If it is your own authority, give its certificate as ca-cert. If it is a public one, let the server send the intermediate certificate too. A default certificate of a load balancer or an ingress means that none is configured for this host.'
    default:
      return 'Check that the port speaks TLS at all, and that server and runner share a TLS version and cipher. A server that asks for a client certificate cannot be probed.'
  }
}

function adviseOnTimeout({ trace, complete }: Attempt): string {
  if (!complete)
    return 'The deadline came first: give the step a longer timeout, or look at what kept the target from answering sooner.'
  switch (trace.phase) {
    case 'dns':
      return 'The name server does not answer: check the resolver of the runner.'
    case 'connect':
      if (trace.proxy !== undefined) return adviseOnProxy(trace.proxy, undefined)
      return 'Packets get lost on the way, they are not refused: look at firewalls and security groups, and whether the address still belongs to the target.'
    case 'tls':
      return 'The port accepts connections and then says nothing: check that it speaks TLS and that the process is not stuck.'
    case 'request':
    case 'body':
      return 'The process accepts requests and does not finish answering: look at what the health endpoint waits for (a database, a lock, another service), or give it a longer request-timeout.'
    case 'match':
      return 'It works, too slowly: look at the load, at cold caches, and at what the health endpoint calls.'
  }
}

function adviseOnStatus({ answer, trace }: Attempt): string {
  const status = trace.head?.status ?? 0
  if (answer?.handshakeProblem !== undefined)
    return 'Something in between answers in place of the WebSocket server: a proxy, or a route to the wrong backend.'
  if (status === 407 && trace.proxy !== undefined) return adviseOnProxy(trace.proxy, '407')
  if ((status === 401 || status === 403) && trace.redirects.length > 0) {
    return `The page behind a redirect refuses the request. Credentials and cookies stay with the origin that they are given for, and http to https is another one: give the URL that it leads to (${trace.url}).`
  }
  if (status === 401 || status === 403) {
    return 'The request is refused: give bearer-token, basic-auth or a header, or ask for a path that needs none. A CDN or firewall may refuse runners: set user-agent, let the runner in, or probe the origin with connect-to.'
  }
  if (status === 404)
    return 'Nothing is there: check the path and the host name, and whether the new version has registered its routes yet.'
  if (status === 405) return 'The path is there but not for this method: set method.'
  const wait = answer?.headers['retry-after']
  const asked =
    wait === undefined
      ? ''
      : ` It asked to wait (Retry-After: ${shorten(wait, 40)}), and no attempt was made before that.`
  if (status === 429) return `The target limits requests.${asked} Use a longer interval, or a path without a limit.`
  if (status === 502 || status === 503 || status === 504) {
    return `A proxy or load balancer answers, and has no healthy backend behind it (503 may also be the application itself): look at its targets, and at the log of the new version for a failed start.${asked}`
  }
  if (status >= 500)
    return 'The application itself fails: read its log at the time of the last attempt; a missing variable, secret or migration is the usual cause after a deploy.'
  if (status >= 300 && status < 400) return 'A redirect is the answer: give the URL that it leads to.'
  return 'Check the path, the method and expected-status.'
}

function adviseOnVersion({ passes }: TargetWatch, failure: Attempt): string {
  if (isHtml(failure)) return HTML_ADVICE
  const cached =
    failure.answer && ['age', 'x-cache', 'cf-cache-status'].some((name) => failure.answer?.headers[name] !== undefined)
  if (cached) return 'A cache may still hold the old answer: purge it, or probe the origin with connect-to.'
  const mixed = passes > 0 ? 'Some instances already run the new version, others do not: ' : ''
  return `${mixed}Look at whether the deployment has finished or was rolled back, and whether this host is routed to it.`
}

function adviseOnBody(failure: Attempt): string {
  if (isHtml(failure)) return HTML_ADVICE
  if (failure.answer?.body.text === '')
    return 'The answer is empty: does the path do anything, and did the process end while it answered?'
  return 'Compare the body below with what is expected.'
}

const HTML_ADVICE =
  'A web page answers: a login page, an error page of a proxy, or a single-page app that answers every path. If it should be the API, check the path and the route to it.'

function isHtml({ answer }: Attempt): boolean {
  return (
    answer !== undefined &&
    (/html/i.test(answer.headers['content-type'] ?? '') || /^\s*<(!doctype|html)/i.test(answer.body.text))
  )
}
