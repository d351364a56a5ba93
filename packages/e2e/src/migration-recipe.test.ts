import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { rehearse, repositoryWith } from './rehearsed-workflow.ts'

/** Each of the two rehearsals takes a snapshot, at the pace of the defaults: `npx --yes pnpm@12 soak` waits for it. */
const soaks = process.env.SOAK !== undefined

test.runIf(soaks)(
  'the whole job of docs/ecs-run-migration.md runs as it stands there, and stops at SQL that destroys data',
  async () => {
    const page = await readFile(new URL('../../../docs/ecs-run-migration.md', import.meta.url), 'utf8')
    const workflow = /## A whole job[\s\S]*?```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
    const file = await repositoryWith(workflow)
    await commit(file, 'migrations/001.sql', 'CREATE TABLE accounts (id int); -- not yet: DROP TABLE old\n')
    const good = await rehearse(file)
    expect(good.code, good.output).toBe(0)

    await commit(file, 'migrations/002.sql', '\nDROP TABLE accounts;\n')
    const bad = await rehearse(file)
    expect(bad.code).toBe(1)
    expect(bad.output).toContain('migrations/002.sql:2: DROP TABLE in: DROP TABLE accounts')
  },
  180_000,
)

async function commit(workflowFile: string, path: string, content: string): Promise<void> {
  const root = dirname(dirname(dirname(workflowFile)))
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), content)
  const git = (...args: string[]) =>
    promisify(execFile)('git', ['-c', 'user.name=e2e', '-c', 'user.email=e2e@example.com', ...args], { cwd: root })
  await git('add', '.')
  await git('commit', '--quiet', '--message=A migration')
}
