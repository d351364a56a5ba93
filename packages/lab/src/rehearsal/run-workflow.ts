import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ProcessKeeper } from '../process-keeper.ts'
import { type ActionLibrary, createActionLibrary } from './action-library.ts'
import { findCallProblems } from './call-rules.ts'
import { findProblems } from './capability.ts'
import { resolveInputs } from './event-inputs.ts'
import { makeEvent, type RunEventFacts } from './event-payload.ts'
import { chooseEvent } from './event-trigger.ts'
import { createGitServer, type GitServer, pointRef } from './git-server.ts'
import { githubContext } from './github-context.ts'
import { runJobs } from './job-graph.ts'
import { resultOf } from './job-result.ts'
import { Masker } from './masker.ts'
import { readPublishedActions } from './published-actions.ts'
import { Refusal } from './refusal.ts'
import { openRepository, type Repository } from './repository.ts'
import type { Run } from './run.ts'
import { findNotices } from './run-notices.ts'
import type { RunOptions } from './run-options.ts'
import { readSettings } from './run-settings.ts'
import type { RunTrigger, WorkflowRun } from './workflow-run.ts'
import { readWorkflows, type WorkflowSet } from './workflow-set.ts'

/**
 * Runs a workflow file on this machine as GitHub would run it, and resolves when its last job has ended.
 * @throws Refusal, before any step has run, when GitHub would refuse the file or the rehearsal cannot do what it says
 */
export function runWorkflow(options: RunOptions): Promise<WorkflowRun> {
  return withPreparedRun(options, performRun)
}

/**
 * Everything that runWorkflow refuses is refused here, and nothing is run: before a lab is started for the run.
 * @throws Refusal
 * @returns what the run will be for
 */
export function checkWorkflow({ onEvent: _, ...options }: RunOptions): Promise<RunTrigger> {
  return withPreparedRun(options, async (run) => run.trigger)
}

async function withPreparedRun<R>(
  options: RunOptions,
  use: (run: PreparedRun, workflows: WorkflowSet) => Promise<R>,
): Promise<R> {
  const repository = await openRepository(options.workflowFile)
  const directory = await mkdtemp(join(tmpdir(), 'deploy-kit-rehearsal-'))
  try {
    // A keeper of its own also removes the folder when this process is killed.
    await using ownKeeper = options.keeper === undefined ? new ProcessKeeper(directory) : undefined
    const keeper = options.keeper ?? ownKeeper!
    const { actionsFrom } = options
    const published =
      actionsFrom === undefined ? undefined : readPublishedActions(actionsFrom, join(directory, 'published'))
    const workflows = await readWorkflows(repository.root, repository.workflowPath, published)
    const actions = createActionLibrary({
      published,
      releaseTree: options.releaseTree,
      folders: options.actionFolders ?? {},
      skipped: options.skippedActions ?? [],
    })
    return await use(await prepareRun(options, { repository, workflows, directory, keeper, actions }), workflows)
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

interface Preparation {
  readonly repository: Repository
  readonly workflows: WorkflowSet
  readonly directory: string
  readonly keeper: ProcessKeeper
  readonly actions: ActionLibrary
}

type PreparedRun = Run & { readonly notices: readonly string[]; readonly startedAt: Date }

async function prepareRun(options: RunOptions, preparation: Preparation): Promise<PreparedRun> {
  const { repository, workflows, directory } = preparation
  const { main } = workflows
  const startedAt = new Date()
  const settings = readSettings(options, startedAt)
  const wish = { event: options.event, ref: options.ref, hasInputs: Object.keys(options.inputs ?? {}).length > 0 }
  const chosen = chooseEvent(main, wish, repository.defaultBranch)
  const isManual = chosen.name === 'workflow_dispatch' || chosen.name === 'workflow_call'
  const inputs = resolveInputs(isManual ? chosen.trigger.options : undefined, options.inputs ?? {}, {
    file: main.file,
    contexts: { github: {}, vars: settings.vars, inputs: {} },
  })
  const slug = options.environment?.GITHUB_REPOSITORY ?? repository.slug
  const hosted = await options.github?.createRepository(slug, { defaultBranch: repository.defaultBranch })
  const serverDirectory = hosted?.git.directory ?? join(directory, 'server.git')
  const server = repository.head && (await createGitServer(repository, repository.head, serverDirectory))
  const commit: Pick<GitServer, 'sha' | 'parent' | 'message'> = server ?? {
    sha: '0'.repeat(40),
    parent: undefined,
    message: '',
  }
  const event = makeEvent({
    chosen,
    repository: slug,
    defaultBranch: repository.defaultBranch,
    branch: repository.head?.branch,
    actor: settings.actor,
    serverUrl: settings.serverUrl,
    apiUrl: settings.apiUrl,
    server: commit,
    inputs,
    workflowPath: repository.workflowPath,
    given: options.payload ?? {},
    now: startedAt,
  })
  if (server !== undefined) await announceCommit(server, chosen.ref, event)
  if (event.headRef !== '')
    hosted?.openPull({ title: 'Rehearsal', headRef: event.headRef, headSha: commit.sha, baseRef: event.baseRef })
  const notices: string[] = []
  const emit = options.onEvent ?? (() => {})
  let jobs = 0
  const run: PreparedRun = {
    ...preparation,
    workflowFile: repository.workflowPath,
    workflowName: main.name,
    server,
    github: options.github,
    trigger: { name: chosen.name, ref: chosen.ref, sha: commit.sha, repository: slug, inputs },
    event,
    settings,
    masker: new Masker(),
    emit,
    notice: (text) => {
      if (notices.includes(text)) return
      notices.push(text)
      emit({ kind: 'notice', text })
    },
    nextJobNumber: () => ++jobs,
    calledWorkflows: workflows.called,
    cancelled: options.signal ?? new AbortController().signal,
    notices,
    startedAt,
  }
  await refuseProblems(run, workflows, preparation)
  for (const notice of findNotices(run, workflows, chosen.trigger)) run.notice(notice)
  return run
}

/** On GitHub the refs of an event are there when its run starts: a push's branch, a pull request's merge and head. */
async function announceCommit(server: GitServer, ref: string, { headRef }: RunEventFacts): Promise<void> {
  await pointRef(server, ref)
  if (headRef === '') return
  await pointRef(server, 'refs/pull/1/head')
  await pointRef(server, `refs/heads/${headRef}`)
}

async function refuseProblems(
  run: Run,
  { main, called }: WorkflowSet,
  { repository, actions }: Preparation,
): Promise<void> {
  const contexts = { github: githubContext(run, undefined), vars: run.settings.vars }
  const facts = { repository, actions, path: run.settings.machineVariables.PATH ?? '' }
  const problems = [
    ...findCallProblems(main, called),
    ...(await findProblems(main, { ...facts, contexts: { ...contexts, inputs: run.trigger.inputs } })),
    ...(await Promise.all([...called.values()].map((plan) => findProblems(plan, { ...facts, contexts })))).flat(),
  ]
  if (problems.length > 0) throw new Refusal(problems)
}

async function performRun(run: PreparedRun, { main }: WorkflowSet): Promise<WorkflowRun> {
  const outcomes = await runJobs({
    run,
    plan: main,
    ref: `${run.trigger.repository}/${run.workflowFile}@${run.trigger.ref}`,
    inputs: run.trigger.inputs,
    secrets: run.settings.secrets,
    permissions: undefined,
    prefix: { id: '', name: '' },
    cancelled: run.cancelled,
  })
  const result = resultOf(outcomes.map((outcome) => outcome.result))
  return {
    workflowFile: run.workflowFile,
    name: run.workflowName,
    event: run.trigger,
    // A run whose jobs were all skipped has succeeded, as on GitHub.
    conclusion: run.cancelled.aborted ? 'cancelled' : result === 'skipped' ? 'success' : result,
    startedAt: run.startedAt,
    endedAt: new Date(),
    notices: run.notices,
    jobs: outcomes.flatMap((outcome) => outcome.runs),
    mask: (text) => run.masker.mask(text),
  }
}
