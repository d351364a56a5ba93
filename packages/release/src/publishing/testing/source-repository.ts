import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'

/** A repository with two small actions whose releases go to a bare repository beside it, as to GitHub. */
export interface SourceRepository extends AsyncDisposable {
  readonly root: string
  readonly bare: string
  /** Runs git in the sources. */
  git(...args: string[]): Promise<string>
  /** Runs git in the bare repository. */
  published(...args: string[]): Promise<string>
  /** Name and commit of each tag there. */
  tags(): Promise<Readonly<Record<string, string>>>
  /** Writes files, commits them on the current branch and pushes it; null removes a file. */
  change(files: Readonly<Record<string, string | null>>): Promise<void>
  /** Runs the command in a process of its own. */
  release(args: readonly string[], options?: ReleaseRunOptions): Promise<ReleaseRun>
}

export interface ReleaseRunOptions {
  /** Put before PATH. */
  readonly path?: string
  readonly environment?: Readonly<Record<string, string>>
  /** The file of the command; by default this repository's own. */
  readonly program?: string
}

export interface ReleaseRun {
  readonly code: number | null
  readonly output: string
}

const command = join(import.meta.dirname, '..', '..', 'release.ts')

/** Builds as the real command does: only from what is committed, into `release/` of the folder that it runs in. */
const build = `
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
rmSync('release', { recursive: true, force: true })
for (const name of ['LICENSE', 'README.md']) cpSync(name, 'release/' + name)
for (const action of ['alpha', 'beta']) cpSync('actions/' + action, 'release/' + action, { recursive: true })
mkdirSync('.tmp/release', { recursive: true })
const packages = { alpha: [{ name: '@scope/part', version: '1.2.3', license: 'MIT' }], beta: [] }
writeFileSync('.tmp/release/packages.json', JSON.stringify(packages))
writeFileSync('release/alpha/dist/version.mjs', 'export const version = ' + JSON.stringify(process.env.DEPLOY_KIT_VERSION))
`

export function actionFile(inputs: string, outputs = '{ done: { description: Whether. } }'): string {
  return `name: Action\ndescription: Acts.\ninputs: ${inputs}\noutputs: ${outputs}\nruns: { using: node24, main: dist/main.mjs }\n`
}

const action = (name: string): Record<string, string> => ({
  [`actions/${name}/action.yml`]: actionFile(
    '{ url: { description: Where., required: true }, how: { description: How., default: fast } }',
  ),
  [`actions/${name}/README.md`]: `# ${name}\n`,
  [`actions/${name}/dist/main.mjs`]: `console.log('${name}')\r\n`,
  [`actions/${name}/dist/licenses.txt`]: 'None.\n',
})

const firstFiles = {
  ...action('alpha'),
  ...action('beta'),
  LICENSE: 'MIT\n',
  'README.md': '# Actions\n',
  'build.mjs': build,
  '.gitignore': 'release\n.tmp\n',
  '.changes/first.md': '---\ndeploy-kit: major\n---\nThe first release.\n',
}

/** Nothing of the user's own git configuration (signing, hooks) reaches these repositories. */
const gitEnvironment = {
  GIT_CONFIG_GLOBAL: join(tmpdir(), 'no-such-file'),
  GIT_CONFIG_NOSYSTEM: '1',
  ...Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((who) => [
      [`GIT_${who}_NAME`, 'Author'],
      [`GIT_${who}_EMAIL`, 'author@example.com'],
    ]),
  ),
}

export async function createSourceRepository(): Promise<SourceRepository> {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-publishing-'))
  const [root, bare] = [join(folder, 'sources'), join(folder, 'github.git')]
  const gitAt =
    (cwd: string) =>
    async (...args: string[]) => {
      const { stdout } = await promisify(execFile)('git', args, { cwd, env: { ...process.env, ...gitEnvironment } })
      return stdout.trimEnd()
    }
  const [git, published] = [gitAt(root), gitAt(bare)]
  await mkdir(root)
  await gitAt(folder)('init', '--quiet', '--bare', '--initial-branch=main', bare)
  await git('init', '--quiet', '--initial-branch=main')
  await git('remote', 'add', 'origin', bare)
  const change = async (files: Readonly<Record<string, string | null>>): Promise<void> => {
    for (const [path, content] of Object.entries(files)) {
      const file = join(root, path)
      if (content === null) await rm(file)
      else await mkdir(dirname(file), { recursive: true }).then(() => writeFile(file, content))
    }
    await git('add', '--all')
    await git('commit', '--quiet', '--message', `Change ${Object.keys(files).join(', ')}`)
    await git('push', '--quiet', 'origin', 'HEAD')
  }
  await change(firstFiles)
  return {
    root,
    bare,
    git,
    published,
    change,
    async tags() {
      const lines = (await published('for-each-ref', '--format=%(refname:short) %(objectname)', 'refs/tags')).split(
        '\n',
      )
      return Object.fromEntries(lines.filter((line) => line !== '').map((line) => line.split(' ') as [string, string]))
    },
    release: (args, options = {}) => runRelease(root, args, options),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  }
}

async function runRelease(
  root: string,
  args: readonly string[],
  { path, environment, program = command }: ReleaseRunOptions,
): Promise<ReleaseRun> {
  const commands = ['--build', `"${process.execPath}" build.mjs`, '--check', '']
  const PATH = [path, process.env.PATH].filter((each) => each !== undefined).join(delimiter)
  // The command is started some eighty times: what Node has made of its sources is kept.
  const NODE_COMPILE_CACHE = join(tmpdir(), 'deploy-kit-compile-cache')
  const env = { ...process.env, NODE_COMPILE_CACHE, ...gitEnvironment, ...environment, PATH }
  const child = spawn(process.execPath, [program, '--repository', root, ...commands, ...args], { env, stdio: 'pipe' })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, output: stdout + stderr }
}
