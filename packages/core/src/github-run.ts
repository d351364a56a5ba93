type Environment = Readonly<Record<string, string | undefined>>

/** Who is running, from GitHub's default environment variables. */
export interface GitHubRun {
  /** `owner/name`. */
  readonly repository: string
  readonly runId: string
  readonly runAttempt: string
  /** The key of the job in the workflow file. */
  readonly job: string
  /** GITHUB_ACTION: the step's id, or a name that GitHub gives it. */
  readonly step: string
  readonly sha: string
  readonly workflow: string
  readonly serverUrl: string
}

export function readGitHubRun(environment: Environment): GitHubRun {
  return {
    repository: environment.GITHUB_REPOSITORY ?? '',
    runId: environment.GITHUB_RUN_ID ?? '',
    runAttempt: environment.GITHUB_RUN_ATTEMPT ?? '1',
    job: environment.GITHUB_JOB ?? '',
    step: environment.GITHUB_ACTION ?? '',
    sha: environment.GITHUB_SHA ?? '',
    workflow: environment.GITHUB_WORKFLOW ?? '',
    serverUrl: environment.GITHUB_SERVER_URL ?? 'https://github.com',
  }
}
