import * as v from 'valibot'
import type { GitHubApi } from './github-api.ts'

const PER_PAGE = 100
const labelsSchema = v.array(v.object({ name: v.string() }))

/**
 * Whether the pull request has the label now. The event only knows the labels of the moment it took place, and a
 * label is most often set after the first run failed.
 *
 * @throws {GitHubFailure} when GitHub refuses or cannot be reached
 */
export function hasLabel(pullRequest: number, label: string, api: GitHubApi): Promise<boolean> {
  return api.within(async (github) => {
    const route = 'GET /repos/{owner}/{repo}/issues/{issue_number}/labels'
    for (let page = 1; ; page += 1) {
      const labels = await github.call(route, { issue_number: pullRequest, per_page: PER_PAGE, page }, labelsSchema)
      // GitHub's labels do not differ by case.
      if (labels.some(({ name }) => name.toLowerCase() === label.toLowerCase())) return true
      if (labels.length < PER_PAGE) return false
    }
  })
}
