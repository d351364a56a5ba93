import type { Verdict } from '@deploy-kit/core/action'
import { formatDuration } from '@deploy-kit/core/duration'
import type { Log } from '@deploy-kit/core/log'
import { describeProblems } from '@deploy-kit/core/probe/attempt-text'
import { type Diagnosis, diagnose } from '@deploy-kit/core/probe/diagnosis'
import type { HealthVerdict } from '@deploy-kit/core/probe/health'
import type { Inputs } from './inputs.ts'
import { summarise } from './summary.ts'

/** Prints the diagnosis, and says how the step ends. */
export async function conclude(
  verdict: HealthVerdict,
  { failOnUnhealthy }: Pick<Inputs, 'failOnUnhealthy'>,
  log: Log,
): Promise<Verdict> {
  const diagnoses = verdict.kind === 'unhealthy' ? diagnoseWorst(verdict) : []
  for (const diagnosis of diagnoses) await printDiagnosis(diagnosis, log)
  return {
    conclusion: conclusionOf(verdict, failOnUnhealthy),
    headline: headlineOf(verdict),
    summary: summarise(verdict, diagnoses),
  }
}

/** How many targets are explained at length; the table has them all. */
const MAX_DIAGNOSES = 5

/** The target that decided first, then others that fail. */
function diagnoseWorst({ watches, decisive, elapsedMs }: HealthVerdict): Diagnosis[] {
  const failing = watches.filter((watch) => watch !== decisive && watch.streak === 0)
  const diagnoses = [decisive, ...failing].slice(0, MAX_DIAGNOSES).map((watch) => diagnose(watch, elapsedMs))
  return diagnoses.filter((diagnosis) => diagnosis !== undefined)
}

async function printDiagnosis({ title, facts, body, advice }: Diagnosis, log: Log): Promise<void> {
  log.group(
    title,
    facts.map(([label, text]) => `${label}: ${text}`),
  )
  if (body.length > 0) {
    log.info('The last body begins with:')
    await log.outside(body)
  }
  if (advice !== '') log.info(`Look at next: ${advice}`)
}

function conclusionOf({ kind }: HealthVerdict, failOnUnhealthy: boolean): Verdict['conclusion'] {
  if (kind === 'healthy') return 'success'
  if (kind === 'cancelled') return 'cancelled'
  return failOnUnhealthy ? 'failed' : 'noted'
}

function headlineOf(verdict: HealthVerdict): string {
  const { decisive, watches } = verdict
  const elapsed = formatDuration(verdict.elapsedMs)
  const others = watches.length > 1 ? ` (one of ${watches.length} targets)` : ''
  if (verdict.kind === 'healthy') {
    const who = watches.length > 1 ? `All ${watches.length} targets are` : `${decisive.target.text} is`
    const answers = decisive.streak === 1 ? 'one answer' : `${decisive.streak} answers in a row`
    return `${who} healthy: ${answers} as expected, after ${elapsed}`
  }
  if (verdict.kind === 'cancelled')
    return `Cancelled after ${elapsed}, before ${decisive.target.text}${others} was healthy`
  const failure = decisive.lastFailure ?? decisive.last
  const why = failure ? describeProblems(failure) : 'it was never probed'
  const some = decisive.passes > 0 ? `; ${decisive.passes} of ${decisive.attempts} attempts were as expected` : ''
  // At the deadline the time says it: the step took as long as it may.
  const early = verdict.end === 'deadline' ? '' : `; ended by ${verdict.end}`
  return `${decisive.target.text}${others} is not healthy after ${elapsed} (${verdict.reason}): ${why}${some}${early}`
}
