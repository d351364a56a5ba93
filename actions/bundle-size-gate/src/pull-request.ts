import type { ActionContext } from '@deploy-kit/core/action'
import { CancelledError, messageOf } from '@deploy-kit/core/errors'
import { commentMarker, keepComment } from './comment.ts'
import type { GitHubAccess } from './github-access.ts'
import { GitHubFailure } from './github-failure.ts'
import { hasLabel } from './labels.ts'
import type { PullRequest, Trigger } from './trigger.ts'

/** Whether the pull request has the label that lets violations pass; what cannot be asked, the event answers. */
export async function isOverridden(
  label: string | undefined,
  pullRequest: PullRequest | undefined,
  github: GitHubAccess,
  context: ActionContext,
): Promise<boolean> {
  if (label === undefined || !pullRequest) return false
  const atEvent = pullRequest.labels.some((name) => name.toLowerCase() === label.toLowerCase())
  try {
    if ('unavailable' in github) throw new GitHubFailure(0, github.unavailable)
    return await hasLabel(pullRequest.number, label, github)
  } catch (error) {
    if (error instanceof CancelledError) throw error
    context.log.info(
      `The labels of #${pullRequest.number} as they are now cannot be read (${messageOf(error)}); those it had at the event count.`,
    )
    return atEvent
  }
}

/**
 * Keeps the comment, if this run has a pull request and its token may. The verdict does not depend on it: the job
 * summary has the same text, so `auto` only notes why there is no comment; `always` warns.
 */
export async function comment(
  mode: 'auto' | 'always' | 'never',
  body: string,
  options: { key: string; trigger: Trigger; github: GitHubAccess; context: ActionContext },
): Promise<void> {
  const { trigger, github, context, key } = options
  if (mode === 'never') return
  const tell = (text: string): void => (mode === 'always' ? context.log.warning(text) : context.log.info(text))
  if (!trigger.pullRequest) {
    // Runs of branches have nothing to comment on; only who asks for a comment always wants to hear of it.
    if (mode === 'always') tell('There is no comment: this run belongs to no pull request.')
    return
  }
  try {
    if ('unavailable' in github) throw new GitHubFailure(0, github.unavailable)
    await keepComment(trigger.pullRequest.number, commentMarker(key), body, github)
    context.log.info(`The comment on #${trigger.pullRequest.number} is up to date.`)
  } catch (error) {
    if (error instanceof CancelledError) throw error
    const denied = error instanceof GitHubFailure && error.status === 403
    const advice = denied
      ? ' To allow it, give the job `permissions: pull-requests: write`; pull requests from forks never have it.'
      : ''
    tell(
      `There is no comment on #${trigger.pullRequest.number}: ${messageOf(error)}. The job summary has its text.${advice}`,
    )
  }
}
