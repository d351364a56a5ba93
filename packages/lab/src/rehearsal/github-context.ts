import { arch, platform } from 'node:os'
import type { Run } from './run.ts'

/** What differs from job to job in the `github` context. */
export interface JobPlace {
  readonly jobId: string
  readonly workspace: string
  readonly eventPath: string
}

/** The `github` context of a job. @see https://docs.github.com/actions/reference/workflows-and-actions/contexts#github-context */
export function githubContext(run: Run, place: JobPlace | undefined): Record<string, unknown> {
  const { trigger, settings } = run
  const refType = trigger.ref.startsWith('refs/tags/') ? 'tag' : 'branch'
  const [owner = ''] = trigger.repository.split('/')
  return {
    actor: settings.actor,
    actor_id: '1',
    api_url: settings.apiUrl,
    base_ref: run.event.baseRef,
    event: run.event.payload,
    event_name: trigger.name,
    graphql_url: `${settings.apiUrl}/graphql`,
    head_ref: run.event.headRef,
    ref: trigger.ref,
    ref_name: trigger.ref.replace(/^refs\/(heads|tags|pull)\//, ''),
    ref_protected: false,
    ref_type: refType,
    repository: trigger.repository,
    repository_id: '1',
    repository_owner: owner,
    repository_owner_id: '1',
    repositoryUrl: `${settings.serverUrl.replace(/^https?:/, 'git:')}/${trigger.repository}.git`,
    retention_days: '90',
    run_attempt: '1',
    run_id: settings.runId,
    run_number: '1',
    secret_source: 'Actions',
    server_url: settings.serverUrl,
    sha: trigger.sha,
    token: settings.token,
    triggering_actor: settings.actor,
    workflow: run.workflowName,
    workflow_ref: `${trigger.repository}/${run.workflowFile}@${trigger.ref}`,
    workflow_sha: trigger.sha,
    ...(place === undefined ? {} : { job: place.jobId, workspace: place.workspace, event_path: place.eventPath }),
  }
}

/** The members of the context that a step has in its environment as `GITHUB_<NAME>`. */
const exported = [
  ...['action', 'action_path', 'action_ref', 'action_repository', 'actor', 'actor_id', 'api_url', 'base_ref', 'env'],
  ...[
    'event_name',
    'event_path',
    'graphql_url',
    'head_ref',
    'job',
    'output',
    'path',
    'ref',
    'ref_name',
    'ref_protected',
  ],
  ...['ref_type', 'repository', 'repository_id', 'repository_owner', 'repository_owner_id', 'retention_days'],
  ...['run_attempt', 'run_id', 'run_number', 'server_url', 'sha', 'state', 'step_summary', 'triggering_actor'],
  ...['workflow', 'workflow_ref', 'workflow_sha', 'workspace'],
]

export function githubVariables(github: Readonly<Record<string, unknown>>): Record<string, string> {
  const variables = exported.flatMap((name) =>
    github[name] === undefined ? [] : [[`GITHUB_${name.toUpperCase()}`, String(github[name])] as const],
  )
  return { CI: 'true', GITHUB_ACTIONS: 'true', ...Object.fromEntries(variables) }
}

/** The `runner` context. */
export function runnerContext(directories: {
  readonly temporary: string
  readonly toolCache: string
  readonly work: string
}): Record<string, string> {
  return {
    arch: { x64: 'X64', arm64: 'ARM64', arm: 'ARM', ia32: 'X86' }[arch() as 'x64'] ?? arch().toUpperCase(),
    environment: 'self-hosted',
    name: 'deploy-kit rehearsal',
    os: runnerSystem(),
    temp: directories.temporary,
    tool_cache: directories.toolCache,
    workspace: directories.work,
  }
}

/** RUNNER_OS of this machine. */
export function runnerSystem(): 'Linux' | 'macOS' | 'Windows' {
  const system = platform()
  return system === 'darwin' ? 'macOS' : system === 'win32' ? 'Windows' : 'Linux'
}

export function runnerVariables(runner: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(runner).map(([name, value]) => [`RUNNER_${name.toUpperCase()}`, value]))
}
