import type { InputProblem } from '@deploy-kit/core/inputs'
import type { Placeholder } from '@deploy-kit/core/probe/condition'
import type { Scheme, Target } from '@deploy-kit/core/probe/target'
import type { Inputs } from './inputs.ts'

type Given = Partial<Inputs>

/** What an answer over each scheme does not have. */
const LACKS: Readonly<Record<Scheme, readonly Placeholder['kind'][]>> = {
  http: [],
  https: [],
  ws: ['BODY', 'CERTIFICATE_EXPIRATION'],
  wss: ['BODY'],
  tcp: ['BODY', 'STATUS', 'HEADERS', 'FINAL_URL', 'CERTIFICATE_EXPIRATION'],
}

/** Whether every expectation has a target that can fulfil it, and everything to be sent one that it is sent to. */
export function checkTargets(inputs: Given): InputProblem[] {
  const { url: targets } = inputs
  if (!targets) return []
  const problems: InputProblem[] = []
  const lacks =
    (kind: Placeholder['kind']) =>
    ({ scheme }: Target): boolean =>
      LACKS[scheme].includes(kind)
  // What some targets do not have is asked of the others (judgement.ts); when none has it, nothing is.
  const expectations: readonly (readonly [name: string, given: boolean, kind: Placeholder['kind']])[] = [
    ['expected-body', inputs.expectedBody !== undefined, 'BODY'],
    ['expected-body-regex', inputs.expectedBodyRegex !== undefined, 'BODY'],
    ['expected-version', inputs.expectedVersion !== undefined, 'BODY'],
    ['expected-final-url', inputs.expectedFinalUrl !== undefined, 'FINAL_URL'],
    ['min-certificate-validity', inputs.minCertificateValidity !== undefined, 'CERTIFICATE_EXPIRATION'],
  ]
  for (const [name, given, kind] of expectations) {
    if (!given || !targets.every(lacks(kind))) continue
    problems.push({ inputs: ['url', name], message: `no target is one that has a ${WORDS[kind]}` })
  }
  // A condition must hold for every target, and what is missing makes it false.
  for (const kind of new Set(comparedKinds(inputs))) {
    const target = targets.find(lacks(kind))
    if (!target) continue
    const message = `${target.text} never has a ${WORDS[kind]}; check it in a step of its own`
    problems.push({ inputs: ['url', 'conditions'], message })
  }
  const all = (...schemes: Scheme[]): boolean => targets.every(({ scheme }) => schemes.includes(scheme))
  const sent = [
    ['body', inputs.body !== undefined, all('tcp', 'ws', 'wss')],
    ['method', inputs.method !== undefined && inputs.method !== 'GET', all('tcp', 'ws', 'wss')],
    ['headers', (inputs.headers ?? []).length > 0, all('tcp')],
    ['bearer-token', inputs.bearerToken !== undefined, all('tcp')],
    ['basic-auth', inputs.basicAuth !== undefined, all('tcp')],
  ] as const
  for (const [name, given, unsendable] of sent) {
    if (given && unsendable)
      problems.push({ inputs: ['url', name], message: `no target is one that ${name} is sent to` })
  }
  return problems
}

/** What conditions compare; `has()` is there for what may be missing. */
function comparedKinds({ conditions = [] }: Given): Placeholder['kind'][] {
  const operands = conditions.flatMap(({ left, right }) => [left, right])
  return operands.flatMap((operand) => ('of' in operand && operand.kind !== 'has' ? [operand.of.kind] : []))
}

const WORDS: Readonly<Record<Placeholder['kind'], string>> = {
  BODY: 'body',
  STATUS: 'status',
  HEADERS: 'header',
  FINAL_URL: 'final URL',
  CERTIFICATE_EXPIRATION: 'certificate',
  RESPONSE_TIME: 'response time',
  CONNECTED: 'connection',
}

/** An answer to HEAD has no body, whatever the target is (RFC 9110, section 9.3.2). */
export function checkHead(inputs: Given): InputProblem[] {
  if (inputs.method !== 'HEAD') return []
  const given = [
    ['expected-body', inputs.expectedBody !== undefined],
    ['expected-body-regex', inputs.expectedBodyRegex !== undefined],
    ['expected-version', inputs.expectedVersion !== undefined],
    ['conditions', comparedKinds(inputs).includes('BODY')],
  ] as const
  return given
    .filter(([, isGiven]) => isGiven)
    .map(([name]) => ({ inputs: ['method', name], message: 'an answer to HEAD never has a body; give GET' }))
}
