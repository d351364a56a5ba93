import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtempDisposable, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { CreateDBClusterSnapshotCommand, CreateDBSnapshotCommand, RDSClient } from '@aws-sdk/client-rds'
import { startLab } from '@deploy-kit/lab/lab'
import { parseWorld } from '@deploy-kit/lab/world'
import { createSourceRepository } from '@deploy-kit/release/publishing/testing/source-repository'
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import { beforeAll, expect, test } from 'vitest'
import { listPages, type Page, repository, type Snippet } from './documentation/page.ts'
import { createStandIn } from './stand-in.ts'

/**
 * The commands in the pages are run as they stand there, with only the names of this machine put in. Each snippet is
 * here: in `runs`, or in `notRun` with the reason.
 */
const pages = await listPages()
const snippets = pages.flatMap((page) =>
  page.snippets
    .filter(({ language }) => ['sh', 'bash', 'shell', 'console'].includes(language))
    .map((snippet) => ({ ...snippet, key: keyOf(page, snippet) })),
)

const runs: Readonly<Record<string, (script: string) => Promise<void>>> = {
  'CONTRIBUTING.md: npx --yes pnpm@12 release:tree': runBundle,
  'README.md: npx --yes pnpm@12 -C ../deploy-kit rehearse .github/workflows/deploy.yml': rehearsePipeline,
  'RELEASING.md: git clone --quiet --branch v1.2.3 https://github.com/org/deploy-kit released && cd released':
    verifyRelease,
  'docs/security.md: git clone --quiet --branch v1.2.3 https://github.com/org/deploy-kit released': verifyRelease,
  'docs/restoring.md: aws rds restore-db-instance-from-db-snapshot \\': restore,
  'docs/restoring.md: aws rds restore-db-cluster-from-snapshot \\': restore,
  "docs/troubleshooting.md: grep --files-with-matches --null-data '^LAB_PROCESS=' /proc/[0-9]*/environ 2> /dev/null":
    findProcess,
}

const notRun: Readonly<Record<string, string>> = {
  'CONTRIBUTING.md: git clone https://github.com/org/deploy-kit && cd deploy-kit':
    'a release prepares itself so, in two new clones; this test is in one that is installed, and .ci/run checks it',
  'README.md: npx --yes pnpm@12 rehearse   # plays the example deploy pipeline three times: a good release, a bad one, a failing migration':
    '.ci/run runs these two commands; the second one is what runs this test',
}

function keyOf(page: Page, { text }: Snippet): string {
  return `${page.path}: ${text.split('\n')[0]}`
}

test('every snippet for a shell is run, or there is a reason why not', () => {
  expect(snippets.map(({ key }) => key).sort()).toEqual([...Object.keys(runs), ...Object.keys(notRun)].sort())
})

test('the two commands of the README are those that .ci/run runs', async () => {
  const [commands] = snippets.filter(({ key }) => key.startsWith('README.md') && key in notRun)
  const called = (await readFile(join(repository, '.ci/run'), 'utf8')).split('\n')
  for (const line of commands?.text.split('\n') ?? []) {
    const [command = ''] = line.split(/ +#/)
    expect(called.filter((each) => each.startsWith(`run ${command}`))).toHaveLength(1)
  }
})

// The snippets are for bash. Most of their time they wait, each for a lab of its own.
test.skipIf(process.platform === 'win32').concurrent.for(snippets.filter(({ key }) => key in runs))(
  'the commands at $place work',
  { timeout: 120_000 },
  async ({ key, text }) => {
    await runs[key]?.(text)
  },
)

beforeAll(() => ensureReleaseTree(), 120_000)

interface Shell {
  readonly cwd: string
  readonly environment?: Readonly<Record<string, string>>
}

async function runScript(script: string, { cwd, environment }: Shell): Promise<{ code: number; output: string }> {
  const child = spawn('bash', ['-e', '-c', script], { cwd, env: { ...process.env, ...environment }, stdio: 'pipe' })
  const [stdout, stderr, [code]] = await Promise.all([
    readText(child.stdout),
    readText(child.stderr),
    once(child, 'close'),
  ])
  return { code: code as number, output: stdout + stderr }
}

const makeFolder = () => mkdtempDisposable(join(tmpdir(), 'deploy-kit-snippet-'))

/** What the page has in another terminal is a lab of the test's own, and the release tree is there already. */
async function runBundle(script: string): Promise<void> {
  const world = join(repository, 'docs/examples/finance-hub/lab.yml')
  await using lab = await startLab({ world })
  await using folder = await makeFolder()
  for (const name of ['node_modules', 'release']) await symlink(join(repository, name), join(folder.path, name))
  const lines = Object.entries(lab.environment).map(([name, value]) => `export ${name}='${value}'\n`)
  await writeFile(join(folder.path, 'lab.env'), `${lines.join('')}ready\n`)
  const { code, output } = await runScript(script.replace('npx --yes pnpm@12 release:tree', ''), { cwd: folder.path })
  expect(code, output).toBe(0)
  expect(await readFile(join(folder.path, 'summary.md'), 'utf8')).toContain('health-check')
  expect(await readFile(join(folder.path, 'output.txt'), 'utf8')).toMatch(/^healthy<<.+\ntrue\n/m)
}

/** Only Linux has the folder. What of others cannot be read is passed over, with another exit code. */
async function findProcess(script: string): Promise<void> {
  if (process.platform !== 'linux') return
  const left = spawn('sleep', ['120'], {
    env: { LAB_PROCESS: 'of-this-test', PATH: process.env.PATH },
    stdio: 'ignore',
  })
  await once(left, 'spawn')
  try {
    await using folder = await makeFolder()
    const { output } = await runScript(script, { cwd: folder.path })
    expect(output.split('\n')).toContain(`/proc/${left.pid}/environ`)
  } finally {
    left.kill()
  }
}

/** What somebody does who has read the README: its pipeline in a folder of their own, deploy-kit's clone beside it. */
async function rehearsePipeline(script: string): Promise<void> {
  await using folder = await makeFolder()
  const app = join(folder.path, 'app')
  await mkdir(join(app, '.github/workflows'), { recursive: true })
  await symlink(repository, join(folder.path, 'deploy-kit'))
  const pipeline = pages.find(({ path }) => path === 'README.md')?.snippets.find(({ language }) => language === 'yaml')
  // Looking more often than by default, so that the test is quick.
  const quick = pipeline?.text.replaceAll(/^( +uses: org\/deploy-kit\/.+\n +with:\n)( +)/gm, '$1$2interval: 200ms\n$2')
  await writeFile(join(app, '.github/workflows/deploy.yml'), quick ?? '')
  const { code, output } = await runScript(script, { cwd: app })
  expect(code, output).toBe(0)
  for (const step of ['Arm the rollback', 'Snapshot the database', 'Migrate', 'Deploy', 'Health check'])
    expect(output).toContain(`✓ ${step} `)
  expect(output).toContain('The workflow ended: success')
}

/** In place of GitHub: a local repository with the release 1.2.3 of two small actions, and what was attested of it. */
async function verifyRelease(script: string): Promise<void> {
  await using sources = await createSourceRepository()
  const { code, output } = await sources.release(['1.2.3'])
  expect(code, output).toBe(0)
  await using gh = await createStandIn('gh')
  const attested = join(sources.root, '.tmp/release-candidate/SHA256SUMS')
  const environment = {
    ATTESTED: attested,
    PATH: gh.path,
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `url.${sources.bare}.insteadOf`,
    GIT_CONFIG_VALUE_0: 'https://github.com/org/deploy-kit',
  }
  const verify = async () => {
    await using empty = await makeFolder()
    return await runScript(script.replaceAll('health-check/', 'alpha/'), { cwd: empty.path, environment })
  }
  const verified = await verify()
  expect(verified.code, verified.output).toBe(0)
  expect(verified.output).toContain((await sources.tags())['v1.2.3'])
  expect(verified.output).toContain(await sources.git('rev-parse', 'HEAD'))
  expect(verified.output).toContain('✓ alpha/dist/main.mjs')
  await writeFile(attested, '')
  expect((await verify()).code).toBe(1)
}

/** In place of AWS: a lab with the databases that the page names, and the snapshots that it restores from. */
async function restore(script: string): Promise<void> {
  const name = /snapshot-identifier (\S+)/.exec(script)?.[1] ?? ''
  const master = { databaseName: 'finance', username: 'finance', password: 'finance-secret' }
  const isCluster = script.includes('restore-db-cluster')
  const database = isCluster
    ? { ...master, identifier: 'finance-ledger-1', cluster: 'finance-ledger', engine: 'aurora-postgresql' }
    : { ...master, identifier: 'finance-hub' }
  const world = { region: 'eu-central-1', accountId: '123456789012', databases: [database] }
  await using lab = await startLab({ timeScale: 0.001, world: parseWorld(world, import.meta.dirname) })
  const { AWS_ENDPOINT_URL: endpoint = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = lab.environment
  const credentials = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY }
  const rds = new RDSClient({ region: 'eu-central-1', endpoint, credentials })
  if (isCluster)
    await rds.send(
      new CreateDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: name, DBClusterIdentifier: 'finance-ledger' }),
    )
  else await rds.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: name, DBInstanceIdentifier: 'finance-hub' }))
  await using aws = await createStandIn('aws')
  const environment = { ...lab.environment, PATH: aws.path }
  const type = isCluster ? 'db-cluster-snapshot' : 'db-snapshot'
  const wait = `aws rds wait ${type}-available --${type}-identifier ${name}\n`
  await using folder = await makeFolder()
  const { code, output } = await runScript(wait + script, { cwd: folder.path, environment })
  expect(code, output).toBe(0)
  expect(output).toContain('finance-')
}
