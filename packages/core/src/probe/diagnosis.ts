import { formatDuration } from '../duration.ts'
import { shorten } from '../excerpt.ts'
import { adviseOn } from './advice.ts'
import type { Attempt } from './attempt.ts'
import { describeProblems } from './attempt-text.ts'
import { describeStatus } from './judgement.ts'
import type { Phase } from './probe-error.ts'
import type { TargetWatch } from './target-watch.ts'

/** What someone who has never seen the service needs to know about a target that is not healthy. */
export interface Diagnosis {
  readonly title: string
  /** `Label: text`, one line each. */
  readonly facts: readonly (readonly [label: string, text: string])[]
  /** The first lines of the last body, from outside: print them inertly. */
  readonly body: readonly string[]
  /** What to look at next. */
  readonly advice: string
}

const BODY_LINES = 10
const LINE_LENGTH = 200

const PHASES: Readonly<Record<Phase, string>> = {
  dns: 'dns (looking up the name)',
  connect: 'connect (opening the connection)',
  tls: 'tls (TLS handshake and certificate)',
  request: 'request (sent, waiting for the answer)',
  body: 'body (reading the answer)',
  match: 'the complete answer, judged against what is expected',
}

/** Headers that tell who answered, and why like this. */
const TELLING_HEADERS = [
  'content-type',
  'content-length',
  'location',
  'retry-after',
  'www-authenticate',
  'server',
  'via',
  'x-cache',
  'cf-ray',
  'age',
  'date',
]

/** Explains the last failure of a target; undefined when it has had none. */
export function diagnose(watch: TargetWatch, elapsedMs: number): Diagnosis | undefined {
  const failure = watch.lastFailure ?? watch.last
  if (!failure || failure.problems.length === 0) return undefined
  return {
    title: `Diagnosis of ${watch.target.text}`,
    facts: [
      ['Tried', describeTries(watch, elapsedMs)],
      ['Last failure', `attempt ${failure.number}: ${describeProblems(failure)}`],
      ['Failed in', PHASES[failure.trace.phase]],
      ...describeWay(failure),
      ...describeCertificate(failure),
      ...describeAnswer(failure),
      ['Attempts, oldest first', drawStrip(watch, { pass: '✓', fail: '✗', cutOff: '·' })],
    ],
    body: firstLines(failure),
    advice: adviseOn(watch, failure),
  }
}

function describeTries(watch: TargetWatch, elapsedMs: number): string {
  const times = watch.attempts === 1 ? 'once' : `${watch.attempts} times`
  return `${times} in ${formatDuration(elapsedMs)}; ${watch.passes} as expected, ${watch.streak} in a row at the end`
}

function describeWay({ trace, responseMs }: Attempt): [string, string][] {
  const dead = trace.deadAddresses.length > 0 ? ` (before it: ${trace.deadAddresses.join('; ')})` : ''
  const timings = [
    ['dns', trace.dnsMs],
    ['connect', trace.connectMs],
    ['tls', trace.tlsMs],
    ['first byte', trace.firstByteMs],
    ['in all', responseMs],
  ] as const
  const known = timings.flatMap(([name, ms]) => (ms === undefined ? [] : [`${name} ${formatDuration(ms)}`]))
  return [
    ...(trace.address === undefined ? [] : [['Address', `${trace.address}${dead}`] as [string, string]]),
    ...(trace.proxy === undefined ? [] : [['Proxy', trace.proxy] as [string, string]]),
    ...(trace.redirects.length === 0 ? [] : [['Redirects', trace.redirects.join(' → ')] as [string, string]]),
    ['Time', known.join(', ')],
  ]
}

function describeCertificate({ trace }: Attempt): [string, string][] {
  if (!trace.certificate) return []
  const { subject, names, issuer, validFrom, expiresAt } = trace.certificate
  return [['Certificate', `${subject}; for ${names || 'no names'}; from ${issuer}; valid ${validFrom} to ${expiresAt}`]]
}

function describeAnswer({ trace: { head }, answer }: Attempt): [string, string][] {
  if (!head) return []
  const telling = TELLING_HEADERS.flatMap((name) => {
    const value = head.headers[name]
    return value === undefined ? [] : [`${name}: ${shorten(value, LINE_LENGTH)}`]
  })
  const empty = answer && answer.body.text === '' ? [['Body', 'empty'] as [string, string]] : []
  return [
    ['Last answer', describeStatus(head)],
    ...(telling.length === 0 ? [] : [['Headers', telling.join('; ')] as [string, string]]),
    ...empty,
  ]
}

/** One sign an attempt, oldest first; one that the end of the wait cut off is neither good nor bad. */
export function drawStrip(watch: TargetWatch, signs: { pass: string; fail: string; cutOff: string }): string {
  const signOf = ({ complete, problems }: Attempt): string =>
    complete ? (problems.length === 0 ? signs.pass : signs.fail) : signs.cutOff
  const strip = watch.history.map(signOf).join('')
  const earlier = watch.attempts - watch.history.length
  return earlier > 0 ? `(${earlier} earlier) ${strip}` : strip
}

function firstLines({ answer }: Attempt): string[] {
  const lines = (answer?.body.text ?? '').split(/\r\n|\r|\n/).filter((line) => line.trim() !== '')
  const shown = lines.slice(0, BODY_LINES).map((line) => shorten(line, LINE_LENGTH))
  return lines.length > BODY_LINES ? [...shown, '…'] : shown
}
