import { type ActionContext, defineAction, type Verdict } from '@deploy-kit/core/action'
import { checkHealth } from '@deploy-kit/core/probe/health'
import manifest from '../action.yml'
import { checkTogether } from './input-checks.ts'
import { fields, type Inputs } from './inputs.ts'
import { derivedSecrets, describePlan, healthOptions } from './options.ts'
import { setOutputs } from './outputs.ts'

export const action = defineAction({ name: 'health-check', manifest, fields, check: checkTogether, main: check })

async function check(inputs: Inputs, context: ActionContext): Promise<Verdict> {
  for (const secret of derivedSecrets(inputs)) context.mask(secret)
  const [verdict] = await Promise.all([checkHealth(healthOptions(inputs), context), announce(inputs, context)])
  setOutputs(verdict, context)
  // What is said about the verdict is a third of the code; loaded here, it does not hold up the first request.
  const { conclude } = await import('./conclusion.ts')
  return await conclude(verdict, inputs, context.log)
}

/** The log's first line comes while the first connection is being made: opening the log takes as long as that. */
async function announce(inputs: Inputs, { clock, log, signal }: ActionContext): Promise<void> {
  await clock.sleep(1, signal)
  log.info(describePlan(inputs))
}
