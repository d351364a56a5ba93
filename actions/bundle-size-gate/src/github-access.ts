import type { ActionContext } from '@deploy-kit/core/action'
import { GitHubApi } from './github-api.ts'

/** GitHub, or why it cannot be asked: a sentence. */
export type GitHubAccess = GitHubApi | { readonly unavailable: string }

/** Says without any request whether GitHub can be asked at all. */
export function openGitHub(token: string | undefined, context: ActionContext): GitHubAccess {
  const { repository } = context.run
  if (token === undefined) return { unavailable: 'github-token is empty' }
  if (!/^[^/]+\/[^/]+$/.test(repository)) return { unavailable: 'GITHUB_REPOSITORY does not name a repository' }
  return new GitHubApi({ token, repository, context })
}
