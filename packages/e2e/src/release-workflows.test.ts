import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { planWorkflow } from '@deploy-kit/lab/rehearsal/workflow-file'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const folder = fileURLToPath(new URL('../../../.github/workflows/', import.meta.url))
const files = await Promise.all(
  (await readdir(folder)).map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') })),
)

interface Workflow {
  readonly permissions?: unknown
  readonly jobs: Readonly<Record<string, { readonly permissions?: unknown; readonly 'timeout-minutes'?: unknown }>>
}

describe.each(files)('the workflow $name', ({ name, text }) => {
  test('is one that GitHub’s parser takes', async () => {
    expect((await planWorkflow(name, text)).jobs.length).toBeGreaterThan(0)
  })

  test('gives no permission to the whole, to each job what it needs, and each job an end', () => {
    const { permissions, jobs } = parse(text) as Workflow
    expect(permissions).toEqual({})
    for (const [id, job] of Object.entries(jobs))
      expect([id, typeof job.permissions, job['timeout-minutes'] !== undefined]).toEqual([id, 'object', true])
  })

  test('gives the text of an input or an event to a script as a variable, never as a part of it', () => {
    const scripts = text.match(/^ +(?:- )?run: (?:\|\n(?: {10,}.*\n|\n)+|.*)/gm) ?? []
    expect(scripts.filter((script) => script.includes('${{'))).toEqual([])
  })
})
