import type { ActionContext, Verdict } from '@deploy-kit/core/action'
import { shortName } from '@deploy-kit/core/ecs/names'
import { code, escapeMarkdown, table } from '@deploy-kit/core/markdown'
import type { ServicePlan } from './deploy-plan.ts'
import { describeDifference } from './plan-description.ts'

/** What would be changed. The outputs say what is true now. */
export function dryRunVerdict(plans: readonly ServicePlan[], context: ActionContext): Verdict {
  const changing = plans.filter((plan) => plan.step.kind !== 'nothing')
  for (const plan of changing) context.log.group(`What would change in ${plan.name}`, describeDifference(plan))
  context.setOutput('outcome', 'unchanged')
  context.setOutput('task-definition-arn', plans.map((plan) => plan.current.arn).join('\n'))
  context.setOutput(
    'report',
    plans.map((plan) => ({ service: plan.name, outcome: 'unchanged', dryRun: true, wouldDo: wouldDo(plan) })),
  )
  const rows = plans.map((plan) => [
    code(plan.name),
    escapeMarkdown(wouldDo(plan)),
    escapeMarkdown(describeDifference(plan).join('; ')),
  ])
  const count =
    changing.length === 0 ? 'nothing would be changed' : `${changing.length} of ${plans.length} would change`
  return {
    conclusion: 'success',
    headline: `Dry run: ${count}. Nothing was changed`,
    summary: table(['service', 'what would be done', 'what differs'], rows),
  }
}

function wouldDo(plan: ServicePlan): string {
  const { revision, step, wanted, current } = plan
  if (step.kind === 'nothing') return `nothing: it runs ${shortName(current.arn)} already`
  if (step.kind === 'follow') return `wait for the deployment ${step.deploymentId}, which is in progress already`
  const from = `from ${shortName(current.arn)}`
  if (revision === undefined) return `register a new revision of ${wanted.family}, and update ${from} to it`
  return `update ${from} to ${shortName(revision.arn)}, which is registered already`
}
