import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readDocumentedPolicy } from '@deploy-kit/lab/testing/documented-policy'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { listPages, repository } from './page.ts'
import { readYamlSnippet } from './yaml-snippet.ts'

/** What docs/permissions/trust-policy.json is the trust policy of. */
const role = 'arn:aws:iam::123456789012:role/finance-hub-deploy'

interface Job {
  readonly environment?: string | { readonly name: string }
  readonly steps?: readonly { readonly with?: Readonly<Record<string, unknown>> }[]
  readonly with?: Readonly<Record<string, unknown>>
}

const pages = (await listPages()).flatMap(({ snippets }) => snippets.filter(({ language }) => language === 'yaml'))
const snippets = pages.flatMap(({ place, text }) => {
  if (!text.includes(role)) return []
  const { workflow } = readYamlSnippet(text, undefined)
  return workflow === undefined ? [] : [{ place, workflow }]
})
const examples = globSync('docs/examples/*/.github/workflows/*.yml', { cwd: repository }).map((place) => ({
  place,
  workflow: readFileSync(join(repository, place), 'utf8'),
}))
const takers = [...snippets, ...examples].flatMap(({ place, workflow }) => {
  const { jobs } = parse(workflow) as { jobs: Record<string, Job> }
  return Object.entries(jobs)
    .filter(([, job]) => [job, ...(job.steps ?? [])].some((part) => part.with?.['role-to-assume'] === role))
    .map(([name, job]) => ({ place: `${place}, job ${name}`, job }))
})

test('the trust policy is that of an environment', () => {
  expect(JSON.stringify(readDocumentedPolicy('trust-policy'))).toContain('finance-hub:environment:production"')
  expect(takers.length).toBeGreaterThan(5)
})

test.each(takers)('the role trusts the job: $place', ({ job }) => {
  const named = typeof job.environment === 'object' ? job.environment.name : job.environment
  expect(named ?? job.with?.environment).toBe('production')
})
