import { type ActionContext, defineAction, type Verdict } from '@deploy-kit/core/action'
import { checkHealth } from '@deploy-kit/core/probe/health'
import manifest from '../action.yml'
import { Announcement } from './announcement.ts'
import { checkTogether } from './input-checks.ts'
import { fields, type Inputs } from './inputs.ts'
import { derivedSecrets, describePlan, healthOptions } from './options.ts'
import { setOutputs } from './outputs.ts'

export const action = defineAction({ name: 'health-check', manifest, fields, check: checkTogether, main: check })

async function check(inputs: Inputs, context: ActionContext): Promise<Verdict> {
  for (const secret of await derivedSecrets(inputs, context.environment)) context.mask(secret)
  const plan = new Announcement(context.log, describePlan(inputs))
  const [verdict] = await Promise.all([
    checkHealth(healthOptions(inputs), { ...context, log: plan.log }),
    // Opening the log takes as long as opening a connection, so that comes first.
    context.clock.sleep(1, context.signal).then(() => plan.make()),
  ])
  setOutputs(verdict, context)
  // What is said about the verdict is a third of the code; loaded here, it does not hold up the first request.
  const { conclude } = await import('./conclusion.ts')
  return await conclude(verdict, inputs, context.log)
}
