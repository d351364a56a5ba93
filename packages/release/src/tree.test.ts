import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readActionFile } from './action-file.ts'
import { listActions, phases } from './action-folder.ts'
import { ensureReleaseTree } from './tree.ts'

const { written } = await listActions()

let root: string
let copy: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'deploy-kit-tree-'))
  copy = join(root, 'anywhere')
  await cp(await ensureReleaseTree(), copy, { recursive: true })
}, 120_000)

afterAll(() => rm(root, { recursive: true, force: true }))

describe('the release tree', () => {
  test('has the actions, a licence and a README, and nothing else', async () => {
    expect((await readdir(copy)).sort()).toEqual(['LICENSE', 'README.md', ...written].sort())
    for (const action of written) {
      expect((await readdir(join(copy, action))).sort()).toEqual(['README.md', 'action.yml', 'dist'])
      expect(await readdir(join(copy, action, 'dist'))).toContain('licenses.txt')
    }
  })

  test.each(written)('has programs of %s that run where nothing else is', async (action) => {
    const { runs, inputs } = await readActionFile(join(copy, action, 'action.yml'))
    expect(Object.values(inputs).length).toBeGreaterThan(0)
    for (const phase of phases) {
      const program = runs[phase]
      if (program === undefined) continue
      const { code, stdout, stderr } = await start(root, join(copy, action, program))
      expect({ program, code, stderr }).toEqual({ program, code: expect.any(Number), stderr: '' })
      expect(stdout).not.toMatch(/ERR_MODULE_NOT_FOUND|Cannot find (module|package)|\n {4}at /)
    }
  })

  test.each(written)('has in %s no chunk that does not load', async (action) => {
    const dist = join(copy, action, 'dist')
    const chunks = (await readdir(dist)).filter((name) => /^\d+\./.test(name))
    const source = chunks.map((name) => `await import(${JSON.stringify(`./${name}`)})`).join('\n')
    const { code, stderr } = await start(dist, '--input-type=module', '--eval', source)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

/** Runs Node without an environment: no inputs, no workspace, no credentials. */
async function start(cwd: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const options = { env: { PATH: process.env.PATH }, cwd }
  return promisify(execFile)(process.execPath, args, options).then(
    (result) => ({ code: 0, ...result }),
    (error) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
  )
}
