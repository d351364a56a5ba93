import type { ActionContext, Verdict } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { recordDeployment } from '@deploy-kit/core/ecs/job-record'
import { listSome, shortName } from '@deploy-kit/core/ecs/names'
import type { Rollout, RolloutResult } from '@deploy-kit/core/ecs/rollout'
import type { Change } from '@deploy-kit/core/ecs/rollout-progress'
import { followRollouts, requestRollouts } from '@deploy-kit/core/ecs/rollouts'
import { updateService } from '@deploy-kit/core/ecs/service-update'
import { pauseWithin } from '@deploy-kit/core/wait'
import { deployHeadline } from './deploy-headline.ts'
import type { ServicePlan } from './deploy-plan.ts'
import { reportService, type ServiceReport, stepOutcome } from './deploy-result.ts'
import { deploySummary, needsDiagnosis } from './deploy-summary.ts'
import { diagnose } from './diagnosis.ts'
import type { Inputs } from './inputs.ts'
import { Registrar } from './registrar.ts'

interface Rolling {
  readonly inputs: Inputs
  readonly ecs: Ecs
  readonly deadline: Deadline
  readonly context: ActionContext
}

/** Makes the planned changes, follows them, and says what became of them. */
export async function rollServices(plans: readonly ServicePlan[], rolling: Rolling): Promise<Verdict> {
  const { inputs, ecs, deadline, context } = rolling
  const registrar = new Registrar(ecs)
  const started = new Map<string, Change>()
  const note = (change: Change): void => {
    started.set(change.service, change)
    const known = plans.flatMap((plan) => started.get(plan.name) ?? [])
    context.setOutput('task-definition-arn', known.map((one) => one.taskDefinition).join('\n'))
    context.setOutput('deployment-id', known.map((one) => one.deploymentId ?? '').join('\n'))
  }
  const rollouts = plans.map((plan) => rolloutOf(plan, { registrar, note, ...rolling }))
  const options = {
    ecs,
    cluster: inputs.cluster,
    context,
    deadline,
    everyMs: pauseWithin(inputs.interval, inputs.timeout),
    maxParallel: inputs.maxParallel,
    maxFailedTasks: inputs.maxFailedTasks,
    stopAtFirstFailure: true,
  }
  const { end, results } = await (inputs.wait ? followRollouts : requestRollouts)(rollouts, options)
  const reports = plans.map((plan, index) => {
    const result = results[index] as RolloutResult
    // What was requested without waiting is done, whatever became of the others.
    const ended = inputs.wait || result.change === undefined ? end : 'requested'
    return reportService(plan, result, ended, registrar.has(result.change?.taskDefinition ?? ''))
  })
  setOutputs(reports, stepOutcome(reports, end), context)
  return await conclude(plans, reports, stepOutcome(reports, end), rolling)
}

function rolloutOf(
  plan: ServicePlan,
  rolling: Rolling & { registrar: Registrar; note: (change: Change) => void },
): Rollout {
  const { inputs, ecs, context, registrar, note } = rolling
  return {
    service: plan.name,
    start: async () => {
      const { step, service, name } = plan
      if (step.kind === 'nothing') return undefined
      const before = (service.deployments ?? []).flatMap((deployment) => deployment.id ?? [])
      if (step.kind === 'follow') {
        const change = { taskDefinition: plan.revision?.arn ?? '', deploymentId: step.deploymentId, before }
        // From here on it is this job's: auto-rollback undoes it like one that this job began.
        await recordDeployment(context, { serviceArn: service.serviceArn ?? name, ...change })
        note({ service: name, ...change })
        return { service: name, ...change }
      }
      const definition = await registrar.ensure(plan)
      const change = await updateService(ecs, context, {
        cluster: inputs.cluster,
        name,
        service,
        taskDefinition: definition.arn,
        force: step.force,
      })
      note(change)
      context.log.info(`${name}: deployment ${change.deploymentId} of ${shortName(definition.arn)} was requested`)
      return change
    },
  }
}

function setOutputs(reports: readonly ServiceReport[], outcome: string, context: ActionContext): void {
  context.setOutput('outcome', outcome)
  context.setOutput('task-definition-arn', reports.map((report) => report.taskDefinition).join('\n'))
  context.setOutput('deployment-id', reports.map((report) => report.deploymentId).join('\n'))
  context.setOutput('report', reports)
}

async function conclude(
  plans: readonly ServicePlan[],
  reports: readonly ServiceReport[],
  outcome: ReturnType<typeof stepOutcome>,
  rolling: Rolling,
): Promise<Verdict> {
  const { inputs, context } = rolling
  const diagnoses = await diagnose(plans, reports, rolling)
  for (const report of reports) {
    if (!needsDiagnosis(report) || (report.failedTasks.length === 0 && report.events.length === 0)) continue
    context.log.info(`What happened to ${report.service}:`)
    await context.log.outside([
      ...report.failedTasks.map((task) => `task ${shortName(task.taskArn)} died (${task.stopCode}): ${task.reason}`),
      ...report.events,
      ...(diagnoses.get(report.service)?.unhealthyTargets ?? []),
      ...(diagnoses.get(report.service)?.log?.lines.map((line) => `| ${line}`) ?? []),
    ])
  }
  const headline = deployHeadline(outcome, reports, inputs.wait)
  const summary = deploySummary(reports, diagnoses)
  if (outcome === 'cancelled') return { conclusion: 'cancelled', headline, summary }
  if (outcome !== 'deployed' && outcome !== 'unchanged') return { conclusion: 'failed', headline, summary }
  const short = plans
    .filter(isShortOfTasks)
    .map(({ name, service }) => `${name} (${service.runningCount} of ${service.desiredCount})`)
  if (short.length === 0) return { conclusion: 'success', headline, summary }
  return { conclusion: 'warning', headline: `${headline}. Not all tasks run: ${listSome(short)}`, summary }
}

/** Nobody waits for a service that is left as it is; whether it works is another question. */
function isShortOfTasks({ step, service: { runningCount = 0, desiredCount = 0 } }: ServicePlan): boolean {
  return step.kind === 'nothing' && runningCount < desiredCount
}
