import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import type { Cancellation } from './cancellation.ts'
import { githubContext, runnerContext } from './github-context.ts'
import { claimsOf } from './job-claims.ts'
import type { Frame, JobDirectories, JobState } from './job-state.ts'
import { Masker } from './masker.ts'
import { type JobPermissions, permissionsOf } from './permissions.ts'
import type { Run } from './run.ts'
import { membersOf } from './step-plan.ts'
import { evaluateText, evaluateTexts, type Scope } from './template.ts'
import type { JobPlan, StepsBody } from './workflow-plan.ts'
import type { JobHeading } from './workflow-run.ts'
import type { WorkflowScope } from './workflow-scope.ts'

/** One job, or one leg of a job's matrix, that is to be run. */
export interface LegRequest {
  readonly workflow: WorkflowScope
  readonly plan: JobPlan
  readonly body: StepsBody
  readonly heading: JobHeading
  readonly leg: Readonly<Record<string, unknown>> | undefined
  /** `needs`, `strategy`, `matrix` and what every job of the workflow sees. */
  readonly contexts: Readonly<Record<string, unknown>>
  /** Aborted when this leg is to be cancelled. */
  readonly cancelled: AbortSignal
}

/**
 * Makes the folders of a job and evaluates what holds for all of its steps.
 * @param environmentName of the environment that the job names
 * @throws TemplateError
 */
export async function setUpJob(
  request: LegRequest,
  environmentName: string | undefined,
  cancellation: Cancellation,
): Promise<JobState> {
  const { workflow, plan, body, heading } = request
  const { run } = workflow
  const directories = await makeDirectories(run.directory, run.nextJobNumber(), run.trigger.repository)
  const eventPath = join(directories.temporary, '_github_workflow', 'event.json')
  await mkdir(join(directories.temporary, '_github_workflow'), { recursive: true })
  await writeFile(eventPath, JSON.stringify(run.event.payload, undefined, 2))
  const permissions = permissionsOf(plan.permissions, workflow.plan.permissions, workflow.permissions)
  const token = createToken(run, heading, permissions)
  const secrets = { ...workflow.secrets, GITHUB_TOKEN: token }
  const contexts = {
    ...request.contexts,
    github: { ...githubContext(run, { jobId: plan.id, workspace: directories.workspace, eventPath }), token },
    secrets,
    runner: runnerContext(directories),
  }
  const scope: Scope = { file: workflow.plan.file, contexts }
  const environment = {
    ...run.settings.labVariables,
    ...evaluateTexts(workflow.plan.env, scope),
    ...evaluateTexts(body.env, scope),
  }
  const hiddenVariables = permissions['id-token'] === 'write' ? idTokenVariables(workflow, environmentName) : {}
  return {
    run,
    heading,
    directories,
    cancellation,
    masker: new Masker(
      [...run.settings.masked, ...Object.values(secrets), hiddenVariables.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ''],
      run.masker,
    ),
    contexts,
    environment: new Map(Object.entries(environment)),
    path: [],
    hiddenVariables,
    isDebug: workflow.secrets.ACTIONS_STEP_DEBUG === 'true' || run.settings.vars.ACTIONS_STEP_DEBUG === 'true',
    defaults: defaultsOf(workflow.plan.defaults, body.defaults, {
      ...scope,
      contexts: { ...contexts, env: environment },
    }),
    processes: [],
    status: 'success',
  }
}

/** What a job with `id-token: write` asks for its OIDC tokens with; the lab's GitHub knows by it which job it is. */
function idTokenVariables(workflow: WorkflowScope, environmentName: string | undefined): Record<string, string> {
  const { github, settings } = workflow.run
  if (settings.idToken === undefined) return {}
  const { url, token } = settings.idToken
  const own = github?.idTokens.permit(claimsOf(workflow, environmentName))
  return { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: own ?? token }
}

/** A token of the lab's GitHub that may do what the job may; the run's own where there is no such GitHub. */
function createToken(run: Run, heading: JobHeading, permissions: JobPermissions): string {
  if (run.github === undefined) return run.settings.token
  const { actions, contents, issues, 'pull-requests': pulls } = permissions
  return run.github.tokens.create(`job ${heading.name}`, {
    ...(actions === undefined ? {} : { actions }),
    ...(contents === undefined ? {} : { contents }),
    ...(issues === undefined ? {} : { issues }),
    ...(pulls === undefined ? {} : { pull_requests: pulls }),
  })
}

async function makeDirectories(directory: string, number: number, repository: string): Promise<JobDirectories> {
  const name = repository.split('/')[1] ?? 'repository'
  const job = join(directory, 'jobs', String(number))
  const work = join(job, 'work', name)
  const directories = {
    work,
    workspace: join(work, name),
    temporary: join(job, 'work', '_temp'),
    toolCache: join(job, 'tools'),
    home: join(job, 'home'),
  }
  for (const path of Object.values(directories)) await mkdir(path, { recursive: true })
  return directories
}

/** `defaults.run`: the job's, else the workflow's, each member by itself. */
function defaultsOf(workflow: TemplateToken | undefined, job: TemplateToken | undefined, scope: Scope) {
  const find = (name: string) => {
    const token = membersOf(membersOf(job).get('run')).get(name) ?? membersOf(membersOf(workflow).get('run')).get(name)
    return token === undefined ? undefined : evaluateText(token, scope)
  }
  return { shell: find('shell'), workingDirectory: find('working-directory') }
}

/** Where the steps of a job run. */
export function jobFrame(job: JobState, file: string): Frame {
  const inputs = job.contexts.inputs as Readonly<Record<string, unknown>>
  return { file, steps: {}, inputs, overrides: {}, github: {}, composite: undefined }
}
