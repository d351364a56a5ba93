import type { Action, ActionContext, Verdict } from './action.ts'
import type { Clock } from './clock.ts'
import { ActionError, messageOf } from './errors.ts'
import { readGitHubRun } from './github-run.ts'
import { acceptInputs, collectInputs, type Fields, type InputsOf, prepareInputs, secretTexts } from './inputs.ts'
import { createLog, isDebug } from './log.ts'
import { blocks, codeBlock, escapeMarkdown } from './markdown.ts'
import type { Platform } from './platform.ts'
import { Redaction } from './redaction.ts'

export interface Execution {
  readonly phase: 'main' | 'post'
  readonly platform: Platform
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly cleanUpSignal: AbortSignal
}

/** Runs one phase of an action from its inputs to its verdict. Returns the exit code; never throws. */
export async function execute<F extends Fields>(action: Action<F>, execution: Execution): Promise<0 | 1> {
  const redaction = new Redaction()
  const platform = redacting(execution.platform, redaction)
  const secrets = secretTexts(action.manifest, action.fields, platform.environment)
  for (const secret of secrets) for (const form of redaction.add(secret)) platform.mask(form)
  const lost: LostOutput[] = []
  const context = createContext(action.name, execution, platform, redaction, lost)
  try {
    const inputs = await checkedInputs(action, platform.environment)
    const body = execution.phase === 'main' ? action.main : action.post
    if (!body) throw new ActionError('internal', `${action.name} has no ${execution.phase} step.`)
    const exitCode = report(action.name, await body(inputs, context), platform)
    return lost.length === 0 ? exitCode : reportLost(action.name, lost, platform)
  } catch (error) {
    return reportError(action.name, error, platform)
  }
}

/** An output that could not be written, when the disk is full for example. */
interface LostOutput {
  readonly name: string
  readonly problem: string
}

async function checkedInputs<F extends Fields>(
  { manifest, fields, check, checkAgainstFiles }: Action<F>,
  environment: Platform['environment'],
): Promise<InputsOf<F>> {
  await prepareInputs(manifest, fields, environment)
  const collected = collectInputs(manifest, fields, environment)
  const together = check?.(collected.values) ?? []
  const inFiles = (await checkAgainstFiles?.(collected.values, environment)) ?? []
  return acceptInputs(collected, [...together, ...inFiles])
}

function createContext(
  name: string,
  execution: Execution,
  platform: Platform,
  redaction: Redaction,
  lost: LostOutput[],
): ActionContext {
  return {
    signal: execution.signal,
    cleanUpSignal: execution.cleanUpSignal,
    clock: execution.clock,
    log: createLog(platform, name),
    run: readGitHubRun(platform.environment),
    environment: platform.environment,
    setOutput: (output, value) => {
      try {
        // Inside JSON a secret is written in another way, and JSON inside JSON in yet another.
        platform.setOutput(output, typeof value === 'object' ? stringify(value, redaction) : String(value))
      } catch (error) {
        // Work that has begun is not left in the middle for that; the step fails in the end.
        lost.push({ name: output, problem: messageOf(error) })
      }
    },
    saveState: (key, value) => execution.platform.saveState(key, value),
    readState: (key) => platform.readState(key),
    mask: (secret) => {
      for (const form of redaction.add(secret)) platform.mask(form)
    },
  }
}

function stringify(value: object, redaction: Redaction): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'string' ? redaction.apply(member) : member))
}

const SIGNS = { success: '✅', noted: '⚠️', warning: '⚠️', failed: '❌', cancelled: '🛑' } as const

function report(name: string, verdict: Verdict, platform: Platform): 0 | 1 {
  const heading = `### ${SIGNS[verdict.conclusion]} ${name}: ${escapeMarkdown(verdict.headline)}`
  platform.appendSummary(`${blocks(heading, verdict.summary)}\n\n`)
  const failed = verdict.conclusion === 'failed' || verdict.conclusion === 'cancelled'
  const title = `deploy-kit ${name}`
  if (failed) platform.annotate('error', title, [verdict.headline, verdict.details ?? ''].join('\n').trimEnd())
  else if (verdict.conclusion === 'warning') platform.annotate('warning', title, verdict.headline)
  else createLog(platform, name).info(verdict.headline)
  return failed ? 1 : 0
}

/** The verdict has been told; steps that rely on its outputs must not go on without them. */
function reportLost(name: string, lost: readonly LostOutput[], platform: Platform): 1 {
  const names = [...new Set(lost.map((output) => output.name))].join(', ')
  const problem = `These outputs could not be written, and later steps do not see them: ${names} (${lost[0]?.problem})`
  const advice = 'Check the file that GITHUB_OUTPUT names, and the room on the disk of the runner.'
  platform.appendSummary(`### ❌ ${name}: ${escapeMarkdown(problem)}\n\n${advice}\n\n`)
  platform.annotate('error', `deploy-kit ${name}`, `${problem}\n${advice}`)
  return 1
}

function reportError(name: string, error: unknown, platform: Platform): 1 {
  const known = error instanceof ActionError && error.code !== 'internal'
  const problem = known ? error.message : `Unexpected: ${messageOf(error)}`
  const advice = known
    ? error.advice
    : 'This is a defect of deploy-kit. Run the job again with debug logging and report what it shows.'
  if (isDebug(platform.environment)) createLog(platform, name).group('Stack trace', stackOf(error).split('\n'))
  const [headline = '', ...rest] = problem.split('\n')
  const details = rest.length > 0 ? codeBlock(rest.join('\n')) : ''
  platform.appendSummary(
    `${blocks(`### ❌ ${name}: ${escapeMarkdown(headline)}`, details, escapeMarkdown(advice))}\n\n`,
  )
  platform.annotate('error', `deploy-kit ${name}`, advice === '' ? problem : `${problem}\n${advice}`)
  return 1
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}

/** Everything that leaves the step passes here, so that no secret does. State is the job's own and stays whole. */
function redacting(platform: Platform, redaction: Redaction): Platform {
  return {
    environment: platform.environment,
    writeLine: (line) => platform.writeLine(redaction.apply(line)),
    drained: () => platform.drained(),
    mask: (text) => platform.mask(text),
    setOutput: (name, value) => platform.setOutput(name, redaction.apply(value)),
    saveState: (name, value) => platform.saveState(name, value),
    readState: (name) => platform.readState(name),
    appendSummary: (markdown) => platform.appendSummary(redaction.apply(markdown)),
    annotate: (level, title, message) => platform.annotate(level, title, redaction.apply(message)),
  }
}
