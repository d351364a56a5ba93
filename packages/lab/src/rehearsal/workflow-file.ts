import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import type { FileProvider } from '@actions/workflow-parser/workflows/file-provider'
import { Refusal } from './refusal.ts'
import { asString, conditionOf, membersOf, planSteps } from './step-plan.ts'
import { readWorkflowTemplate, type TemplateFile } from './template-file.ts'
import { isMapping, isSequence, isString } from './workflow-parser.ts'
import type { CallBody, JobPlan, StepsBody, Trigger, WorkflowPlan } from './workflow-plan.ts'
import { findViolations } from './workflow-rules.ts'

/**
 * @param files gives the reusable workflows that the file calls, so that what they are given can be checked
 * @throws Refusal with everything in the file that GitHub would refuse
 */
export async function planWorkflow(file: string, content: string, files?: FileProvider): Promise<WorkflowPlan> {
  const template = await readWorkflowTemplate(file, content, files)
  const members = membersOf(template.root)
  const triggers = triggersOf(members.get('on'))
  const call = membersOf(triggers.find((trigger) => trigger.event === 'workflow_call')?.options)
  const outputs = [...membersOf(call.get('outputs'))].flatMap(([name, output]) => {
    const value = membersOf(output).get('value')
    return value === undefined ? [] : [[name, value] as const]
  })
  const plan: WorkflowPlan = {
    file,
    name: asString(members.get('name'))?.value || file,
    triggers,
    env: members.get('env'),
    defaults: members.get('defaults'),
    permissions: members.get('permissions'),
    concurrency: members.get('concurrency'),
    outputs: new Map(outputs),
    jobs: jobsOf(template, members.get('jobs')),
  }
  const problems = findViolations(plan)
  if (problems.length > 0) throw new Refusal(problems)
  return plan
}

function triggersOf(on: TemplateToken | undefined): readonly Trigger[] {
  if (on === undefined) return []
  if (isSequence(on)) return [...on].map((item) => ({ event: item.toString(), at: item, options: undefined }))
  if (isMapping(on))
    return [...on].map(({ key, value }) => ({
      event: key.toString(),
      at: key,
      options: isMapping(value) || isSequence(value) ? value : undefined,
    }))
  return [{ event: on.toString(), at: on, options: undefined }]
}

function jobsOf(file: TemplateFile, jobs: TemplateToken | undefined): readonly JobPlan[] {
  if (jobs === undefined || !isMapping(jobs)) return []
  return [...jobs].map(({ key, value }) => {
    const members = membersOf(value)
    return {
      id: key.toString(),
      at: key,
      name: members.get('name'),
      needs: needsOf(members.get('needs')),
      condition: conditionOf(file, members.get('if')),
      strategy: members.get('strategy'),
      continueOnError: members.get('continue-on-error'),
      permissions: members.get('permissions'),
      concurrency: members.get('concurrency'),
      body: members.has('uses') ? callBodyOf(members) : stepsBodyOf(file, members),
    }
  })
}

function needsOf(token: TemplateToken | undefined): readonly string[] {
  if (token === undefined) return []
  return isSequence(token) ? [...token].map((item) => item.toString()) : [token.toString()]
}

function stepsBodyOf(file: TemplateFile, members: ReadonlyMap<string, TemplateToken>): StepsBody {
  return {
    kind: 'steps',
    runsOn: members.get('runs-on')!,
    env: members.get('env'),
    defaults: members.get('defaults'),
    environment: members.get('environment'),
    container: members.get('container'),
    services: members.get('services'),
    snapshot: members.get('snapshot'),
    outputs: members.get('outputs'),
    timeoutMinutes: members.get('timeout-minutes'),
    cancelTimeoutMinutes: members.get('cancel-timeout-minutes'),
    steps: planSteps(file, members.get('steps')),
  }
}

function callBodyOf(members: ReadonlyMap<string, TemplateToken>): CallBody {
  const secrets = members.get('secrets')
  return {
    kind: 'call',
    uses: asString(members.get('uses'))!,
    with: members.get('with'),
    secrets: secrets !== undefined && isString(secrets) ? 'inherit' : secrets,
  }
}
