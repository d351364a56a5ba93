import { type ActionContext, defineAction, type Verdict } from '@deploy-kit/core/action'
import { formatDuration } from '@deploy-kit/core/duration'
import { describeProblems } from '@deploy-kit/core/probe/attempt-text'
import { checkHealth, type HealthVerdict } from '@deploy-kit/core/probe/health'
import manifest from '../action.yml'
import { checkTogether } from './input-checks.ts'
import { fields, type Inputs } from './inputs.ts'
import { derivedSecrets, healthOptions } from './options.ts'
import { setOutputs } from './outputs.ts'
import { summarise } from './summary.ts'

export const action = defineAction({ name: 'health-check', manifest, fields, check: checkTogether, main: check })

async function check(inputs: Inputs, context: ActionContext): Promise<Verdict> {
  for (const secret of derivedSecrets(inputs)) context.mask(secret)
  const verdict = await checkHealth(healthOptions(inputs), context)
  setOutputs(verdict, context)
  return {
    conclusion: conclusionOf(verdict, inputs.failOnUnhealthy),
    headline: headlineOf(verdict),
    summary: summarise(verdict),
  }
}

function conclusionOf({ kind }: HealthVerdict, failOnUnhealthy: boolean): Verdict['conclusion'] {
  if (kind === 'healthy') return 'success'
  if (kind === 'cancelled') return 'cancelled'
  return failOnUnhealthy ? 'failed' : 'warning'
}

function headlineOf(verdict: HealthVerdict): string {
  const { decisive, watches } = verdict
  const elapsed = formatDuration(verdict.elapsedMs)
  const others = watches.length > 1 ? ` (one of ${watches.length} targets)` : ''
  if (verdict.kind === 'healthy') {
    const who = watches.length > 1 ? `All ${watches.length} targets are` : `${decisive.target.text} is`
    return `${who} healthy: ${decisive.streak} answers in a row as expected, after ${elapsed}`
  }
  if (verdict.kind === 'cancelled')
    return `Cancelled after ${elapsed}, before ${decisive.target.text}${others} was healthy`
  const failure = decisive.lastFailure ?? decisive.last
  const why = failure ? describeProblems(failure) : 'it was never probed'
  return `${decisive.target.text}${others} is not healthy after ${elapsed} (${verdict.reason}): ${why}`
}
