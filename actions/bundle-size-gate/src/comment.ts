import * as v from 'valibot'
import type { GitHubApi, GitHubRequests } from './github-api.ts'

const PER_PAGE = 100

const commentsSchema = v.array(v.object({ id: v.number(), body: v.nullish(v.string()) }))

/** The first line of our comment: invisible, and the same for the same key. `--` would end an HTML comment. */
export function commentMarker(key: string): string {
  return `<!-- deploy-kit/bundle-size-gate ${encodeURIComponent(key).replaceAll('-', '%2D')} -->`
}

/**
 * Keeps one comment of this key on the pull request: writes it, or changes it in place.
 *
 * A request to create is not simply repeated when its answer got lost: first it is looked whether the comment is there.
 *
 * @param body begins with the key's marker
 * @throws {GitHubFailure} when GitHub refuses or cannot be reached
 */
export async function keepComment(pullRequest: number, marker: string, body: string, api: GitHubApi): Promise<void> {
  await api.within((github) =>
    github.retry(async () => {
      const existing = await findComment(pullRequest, marker, github)
      if (existing?.body === body) return
      if (existing) {
        const route = 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}'
        await github.once(route, { comment_id: existing.id, body }, v.unknown())
      } else {
        const route = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments'
        await github.once(route, { issue_number: pullRequest, body }, v.unknown())
      }
    }),
  )
}

async function findComment(
  pullRequest: number,
  marker: string,
  github: GitHubRequests,
): Promise<{ id: number; body: string } | undefined> {
  for (let page = 1; ; page += 1) {
    const parameters = { issue_number: pullRequest, per_page: PER_PAGE, page }
    const route = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments'
    const comments = await github.call(route, parameters, commentsSchema)
    // A person who quotes the comment has a mark of quotation before it.
    const ours = comments.find((comment) => comment.body?.startsWith(marker))
    if (ours) return { id: ours.id, body: ours.body ?? '' }
    if (comments.length < PER_PAGE) return undefined
  }
}
