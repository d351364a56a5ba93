import { expect, it } from 'vitest'
import { findServiceConflicts, parseServiceReference } from './service-reference.ts'

const arn = (rest: string): string => `arn:aws:ecs:eu-central-1:123456789012:${rest}`

it.each([
  ['web', { service: 'web' }],
  [arn('service/production/web'), { service: 'web', cluster: 'production' }],
  [arn('service/web'), { service: 'web' }],
  ['arn:aws-us-gov:ecs:us-gov-west-1:123456789012:service/production/web', { service: 'web', cluster: 'production' }],
])('%s names a service', (given, reference) => {
  expect(parseServiceReference(given)).toEqual(reference)
})

it.each(['', 'web app', 'production/web', 'arn:foo', arn('task/production/web'), arn('service/a/b/web')])(
  "'%s' names none",
  (given) => {
    expect(() => parseServiceReference(given)).toThrow(/cannot be the name of a service/)
  },
)

it.each([
  ['production', []],
  [arn('cluster/production'), []],
  ['staging', ['web is in the cluster production, not in staging; use one step for each cluster']],
  [undefined, []],
])('the service of an ARN is looked for in its own cluster only (cluster: %s)', (cluster, problems) => {
  expect(findServiceConflicts([{ service: 'web', cluster: 'production' }, { service: 'api' }], cluster)).toEqual(
    problems,
  )
})

it('a service is given once, in whatever form', () => {
  expect(findServiceConflicts([{ service: 'web', cluster: 'production' }, { service: 'web' }], 'production')).toEqual([
    "'web' is given twice",
  ])
})
