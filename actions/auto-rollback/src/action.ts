import { type ActionContext, defineAction, type Verdict } from '@deploy-kit/core/action'
import { Deadline } from '@deploy-kit/core/deadline'
import { createEcs } from '@deploy-kit/core/ecs/ecs-client'
import { CancelledError } from '@deploy-kit/core/errors'
import manifest from '../action.yml'
import { captureByCommand } from './captured-version.ts'
import { restoreByCommand } from './command-rollback.ts'
import { captureServices } from './guard.ts'
import { checkEcsRegion, checkTogether, fields, type Inputs } from './inputs.ts'
import { restoreEcs } from './restore-ecs.ts'
import { chooseTarget } from './rollback-target.ts'
import { parseBaseline, parseCommandBaseline } from './saved-baseline.ts'

export const action = defineAction({
  name: 'auto-rollback',
  manifest,
  fields,
  check: checkTogether,
  checkAgainstFiles: checkEcsRegion,
  main: (inputs, context) =>
    inputs.mode === 'guard' ? timed(inputs, context, arm, 'armed') : timed(inputs, context, rollBack, 'restored'),
  post: (inputs, context) => timed(inputs, context, restoreArmed, 'restored'),
})

/** Where main leaves what post restores. */
const STATE = 'baseline'

type Body = (inputs: Inputs, deadline: Deadline, context: ActionContext) => Promise<Verdict>

async function timed(inputs: Inputs, context: ActionContext, body: Body, aim: 'armed' | 'restored'): Promise<Verdict> {
  const deadline = new Deadline(inputs.timeout, context.clock)
  context.setOutput('rolled-back', false)
  try {
    return await body(inputs, deadline, context)
  } catch (error) {
    context.setOutput('outcome', 'failed')
    if (!(error instanceof CancelledError)) throw error
    const state = error.state === '' ? `Nothing was ${aim}` : error.state.replace(/\.$/, '')
    return { conclusion: 'cancelled', headline: `Cancelled. ${state}`, summary: '' }
  } finally {
    context.setOutput('elapsed-ms', Math.round(deadline.elapsedMs()))
  }
}

/** Mode guard: remembers what runs. */
async function arm(inputs: Inputs, deadline: Deadline, context: ActionContext): Promise<Verdict> {
  const { baseline, headline, summary } =
    inputs.captureCommand === undefined
      ? await captureServices(inputs, await createEcs(inputs, context, deadline), context)
      : await captureByCommand(inputs.captureCommand, inputs, context)
  context.saveState(STATE, JSON.stringify(baseline))
  context.setOutput('baseline', baseline)
  context.setOutput('outcome', 'armed')
  return { conclusion: 'success', headline, summary }
}

/** The post step of a guard, in a job that failed or was cancelled. */
async function restoreArmed(inputs: Inputs, deadline: Deadline, context: ActionContext): Promise<Verdict> {
  const saved = context.readState(STATE)
  if (saved === '') {
    const why = inputs.mode === 'guard' ? 'the guard was not armed' : 'the step has done its work'
    context.setOutput('outcome', 'not-needed')
    return { conclusion: 'success', headline: `Nothing to restore after the job: ${why}`, summary: '' }
  }
  context.log.info(
    'If the job was cancelled, GitHub ends it five minutes after that: what has to be restored is requested first, and waited for as long as the job lives.',
  )
  const baseline = parseBaseline(saved)
  if (baseline.kind === 'command') return await restoreByCommand(baseline, inputs, deadline, context)
  const ecs = await createEcs(inputs, context, deadline)
  return await restoreEcs(baseline, false, { inputs, ecs, deadline, context })
}

/** Mode rollback: restores now. */
async function rollBack(inputs: Inputs, deadline: Deadline, context: ActionContext): Promise<Verdict> {
  if (inputs.rollbackCommand !== undefined) {
    const value = inputs.baseline === undefined ? inputs.to : parseCommandBaseline(inputs.baseline)
    const capturedAt = context.clock.date().toISOString()
    return await restoreByCommand({ version: 1, kind: 'command', capturedAt, value }, inputs, deadline, context)
  }
  const ecs = await createEcs(inputs, context, deadline)
  const target = await chooseTarget(inputs, ecs, context)
  if ('nothing' in target) {
    context.setOutput('outcome', 'not-needed')
    return { conclusion: 'success', headline: target.nothing, summary: '' }
  }
  return await restoreEcs(target.baseline, target.explicit, { inputs, ecs, deadline, context })
}
