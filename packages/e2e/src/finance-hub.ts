import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { commitAll } from '@deploy-kit/lab/rehearsal/testing/rehearsed'
import { loadWorld } from '@deploy-kit/lab/world'

const example = fileURLToPath(new URL('../../../docs/examples/finance-hub/', import.meta.url))
const REPOSITORY = 'org/finance-hub'

export interface FinanceHub extends AsyncDisposable {
  readonly lab: Lab
  /** The path of one of the example's workflows. */
  workflow(name: 'deploy' | 'rollback' | 'clean-up'): string
  /** For each step of every rehearsal. */
  readonly environment: Readonly<Record<string, string>>
}

/** The example in a repository of its own and its production, in which everything goes quickly. */
export async function startFinanceHub(timeScale = 0.003): Promise<FinanceHub> {
  await using started = new AsyncDisposableStack()
  const root = await mkdtemp(join(tmpdir(), 'finance-hub-'))
  started.defer(() => rm(root, { recursive: true, force: true }))
  await cp(example, root, { recursive: true, filter: (path) => !path.endsWith('/node_modules') })
  const folder = join(root, '.github/workflows')
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8')
    await writeFile(join(folder, name), text.replaceAll(/interval: \d+s/g, 'interval: 100ms'))
  }
  commitAll(root)
  const world = await loadWorld(join(example, 'lab.yml'))
  const lab = started.use(await startLab({ world, repository: REPOSITORY, timeScale }))
  const running = started.move()
  return {
    lab,
    workflow: (name) => join(folder, `${name}.yml`),
    environment: { ...lab.environment, GITHUB_REPOSITORY: REPOSITORY },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
