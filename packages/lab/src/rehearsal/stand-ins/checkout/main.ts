import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { GitError } from '../../../git-process.ts'
import { git } from '../../git.ts'
import { failStep, readInput, setOutput } from '../step-input.ts'

/** What is fetched, and what is checked out of it. */
interface Wanted {
  readonly refspec: string
  readonly checkout: readonly string[]
  readonly name: string
}

const { GITHUB_REF = '', GITHUB_REPOSITORY = '', GITHUB_SHA = '', GITHUB_WORKSPACE = '' } = process.env
const { REHEARSAL_GIT_SERVER: server = '', REHEARSAL_REPOSITORY: repository = '' } = process.env

function refuseUnsupported(): void {
  const asked = readInput('repository')
  if (asked !== '' && asked.toLowerCase() !== GITHUB_REPOSITORY.toLowerCase())
    failStep(`The rehearsal can check out only the workflow's own repository ${GITHUB_REPOSITORY}, not ${asked}`)
  for (const name of ['submodules', 'lfs', 'sparse-checkout', 'filter'])
    if (!['', 'false'].includes(readInput(name))) failStep(`The rehearsal's checkout does not support '${name}'`)
  if (server === '')
    failStep(
      `There is nothing to check out: ${repository} is not committed in a git repository. ` +
        'Run there: git init && git add --all && git commit --message "First commit"',
    )
}

/** Without a `ref` the commit of the run, on the branch that it is on, if it is on one. */
async function findWanted(): Promise<Wanted> {
  const asked = readInput('ref')
  if (asked === '' || asked === GITHUB_REF) return wantedOf(GITHUB_REF, GITHUB_SHA)
  if (/^[0-9a-f]{40}$/i.test(asked))
    return { refspec: `+${asked}:refs/remotes/origin/_commit`, checkout: ['--detach', asked], name: asked }
  const candidates = asked.startsWith('refs/') ? [asked] : [`refs/heads/${asked}`, `refs/tags/${asked}`]
  for (const ref of candidates) {
    const listed = await git(GITHUB_WORKSPACE, ['ls-remote', pathToFileURL(server).href, ref])
    const [sha] = listed.split('\t')
    if (sha) return wantedOf(ref, ref)
  }
  return failStep(`A branch or tag with the name '${asked}' could not be found`)
}

function wantedOf(ref: string, source: string): Wanted {
  if (ref.startsWith('refs/heads/')) {
    const branch = ref.slice('refs/heads/'.length)
    const tracking = `refs/remotes/origin/${branch}`
    return { refspec: `+${source}:${tracking}`, checkout: ['-B', branch, tracking], name: ref }
  }
  const local = ref.startsWith('refs/tags/') ? ref : ref.replace(/^refs\//, 'refs/remotes/')
  return { refspec: `+${source}:${local}`, checkout: ['--detach', local], name: ref }
}

async function prepareFolder(folder: string): Promise<void> {
  if (existsSync(join(folder, '.git'))) {
    if (readInput('clean') !== 'true') return
    await git(folder, ['clean', '-ffdx', '--quiet'])
    return
  }
  await mkdir(folder, { recursive: true })
  for (const entry of await readdir(folder)) await rm(join(folder, entry), { recursive: true, force: true })
  await git(folder, ['init', '--quiet'])
  await git(folder, ['remote', 'add', 'origin', pathToFileURL(server).href])
}

async function checkOut(folder: string): Promise<void> {
  const wanted = await findWanted()
  const depth = Number(readInput('fetch-depth') || '1')
  if (!Number.isInteger(depth) || depth < 0)
    failStep(`fetch-depth has to be a number of commits, not '${readInput('fetch-depth')}'`)
  await prepareFolder(folder)
  const all = depth === 0 ? ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'] : []
  const tags = depth > 0 && readInput('fetch-tags') === 'true' ? ['+refs/tags/*:refs/tags/*'] : []
  const range = depth === 0 ? [] : [`--depth=${depth}`]
  // The run's own branch comes last and alone, so that it is what the run started with whatever was pushed since.
  if (all.length > 0) await git(folder, ['fetch', '--quiet', '--no-tags', '--update-shallow', 'origin', ...all])
  await git(folder, ['fetch', '--quiet', '--no-tags', '--update-shallow', ...range, 'origin', ...tags, wanted.refspec])
  await git(folder, ['checkout', '--quiet', '--force', ...wanted.checkout])
  const commit = await git(folder, ['rev-parse', 'HEAD'])
  setOutput('ref', wanted.name)
  setOutput('commit', commit)
  const files = (await git(folder, ['ls-files'])).split('\n').length
  console.log(`Stand-in for actions/checkout: ${files} files of ${repository} as committed in ${commit}`)
}

refuseUnsupported()
const folder = resolve(GITHUB_WORKSPACE, readInput('path'))
if (relative(GITHUB_WORKSPACE, folder).startsWith('..'))
  failStep(`Repository path '${folder}' is not under '${GITHUB_WORKSPACE}'`)
try {
  await checkOut(folder)
} catch (error) {
  if (!(error instanceof GitError)) throw error
  failStep(`git could not check out ${repository}: ${error.message}`)
}
