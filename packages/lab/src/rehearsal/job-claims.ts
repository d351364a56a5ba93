import type { JobClaims } from '../sts/id-tokens.ts'
import { githubContext } from './github-context.ts'
import type { WorkflowScope } from './workflow-scope.ts'

/** The members of the `github` context that are claims, too. */
const claimed = [
  ...['actor', 'actor_id', 'base_ref', 'event_name', 'head_ref', 'ref_protected', 'ref_type', 'repository_id'],
  ...['repository_owner', 'repository_owner_id', 'run_attempt', 'run_id', 'run_number', 'sha', 'workflow'],
  ...['workflow_ref', 'workflow_sha'],
]

/**
 * What the OIDC token of a job says of it.
 * @param environment that the job names
 * @see https://docs.github.com/actions/reference/security/oidc#oidc-token-claims
 */
export function claimsOf({ run, ref: workflowRef }: WorkflowScope, environment: string | undefined): JobClaims {
  const github = githubContext(run, undefined)
  const { repository, ref, sha } = run.trigger
  return {
    ...Object.fromEntries(claimed.map((name) => [name, String(github[name])])),
    repository,
    ref,
    ...(environment && { environment }),
    job_workflow_ref: workflowRef,
    job_workflow_sha: sha,
    repository_visibility: 'private',
    runner_environment: 'self-hosted',
  }
}
