import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readPage, repository } from './page.ts'

interface Step {
  readonly uses: string
  readonly with: Readonly<Record<string, unknown>>
}
interface Workflow {
  readonly concurrency: unknown
  readonly jobs: { readonly production: { readonly steps: readonly Step[] } }
}

const read = (path: string) => readFile(join(repository, path), 'utf8')

test('the pipeline of the README is the example’s, with fewer inputs', async () => {
  const readme = readPage('README.md', await read('README.md'))
  const short = parse(readme.snippets.find(({ language }) => language === 'yaml')?.text ?? '') as Workflow
  const whole = parse(await read('docs/examples/finance-hub/.github/workflows/deploy.yml')) as Workflow
  expect(short.jobs.production.steps.map(({ uses }) => uses)).toEqual(
    whole.jobs.production.steps.map(({ uses }) => uses),
  )
  expect(whole).toMatchObject({ concurrency: short.concurrency })
  for (const [index, { with: inputs }] of short.jobs.production.steps.entries())
    expect(whole.jobs.production.steps[index]?.with).toMatchObject(inputs)
})
