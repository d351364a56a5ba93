import * as v from 'valibot'
import type { GitHubRequests } from './github-api.ts'
import { GitHubFailure } from './github-failure.ts'

/** The branch has a folder of its own for these files, so that other tools can keep theirs beside it. */
const FOLDER = 'bundle-size'

/** Older ones are removed when a new one is written: some hundred commits are more than a pull request goes back. */
export const KEPT_RECORDS = 300

const README = `# Data of deploy-kit

Written by bundle-size-gate on runs of the default branch: \`${FOLDER}/<time>-<commit>.json\` is what one commit measured.
The newest ${KEPT_RECORDS} are kept. Nobody needs to check this branch out or merge it. Deleting it is safe: the next run of the default branch starts anew.
`

/** What the branch holds at one of its commits. */
export interface DataBranch {
  /** Undefined when the branch does not exist yet. */
  readonly tip: string | undefined
  readonly treeSha: string | undefined
  readonly records: readonly StoredRecord[]
}

export interface StoredRecord {
  readonly path: string
  /** The commit that was measured. */
  readonly sha: string
  readonly blobSha: string
}

const refSchema = v.object({ object: v.object({ sha: v.string() }) })
const commitSchema = v.object({ tree: v.object({ sha: v.string() }) })
const treeSchema = v.object({
  tree: v.array(v.object({ path: v.string(), type: v.string(), sha: v.string() })),
})

/** @throws {GitHubFailure} when GitHub refuses or cannot be reached */
export async function readDataBranch(branch: string, github: GitHubRequests): Promise<DataBranch> {
  const tip = await readTip(branch, github)
  if (tip === undefined) return { tip, treeSha: undefined, records: [] }
  const commit = { commit_sha: tip }
  const treeSha = (await github.call('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', commit, commitSchema)).tree
    .sha
  // The folder alone, since other tools may keep more on the branch than one answer holds.
  const folder = (await listTree(treeSha, github)).find((entry) => entry.path === FOLDER && entry.type === 'tree')
  const records = folder === undefined ? [] : (await listTree(folder.sha, github)).flatMap(readRecordName)
  return { tip, treeSha, records }
}

type TreeEntry = v.InferOutput<typeof treeSchema>['tree'][number]

async function listTree(treeSha: string, github: GitHubRequests): Promise<TreeEntry[]> {
  const route = 'GET /repos/{owner}/{repo}/git/trees/{tree_sha}'
  return (await github.call(route, { tree_sha: treeSha }, treeSchema)).tree
}

function readRecordName(entry: TreeEntry): StoredRecord[] {
  const sha = /^\d{8}T\d{6}Z-([0-9a-f]{40,64})\.json$/.exec(entry.path)?.[1]
  return sha === undefined ? [] : [{ path: `${FOLDER}/${entry.path}`, sha, blobSha: entry.sha }]
}

async function readTip(branch: string, github: GitHubRequests): Promise<string | undefined> {
  try {
    const route = 'GET /repos/{owner}/{repo}/git/ref/{ref}'
    return (await github.call(route, { ref: `heads/${branch}` }, refSchema)).object.sha
  } catch (error) {
    if (error instanceof GitHubFailure && error.status === 404) return undefined
    throw error
  }
}

const blobSchema = v.object({ content: v.string(), encoding: v.literal('base64') })

export async function readStored(record: StoredRecord, github: GitHubRequests): Promise<string> {
  const route = 'GET /repos/{owner}/{repo}/git/blobs/{file_sha}'
  const { content } = await github.call(route, { file_sha: record.blobSha }, blobSchema)
  return Buffer.from(content, 'base64').toString('utf8')
}

const madeSchema = v.object({ sha: v.string() })

/**
 * Commits `text` as the record of commit `sha` and moves the branch there, unless somebody else has moved it since
 * `data` was read: then nothing is written.
 *
 * The branch only ever moves forward from the commit that was read, so that no run's record is lost.
 *
 * @returns false when the branch has moved
 * @see https://docs.github.com/rest/git/refs#update-a-reference
 */
export async function appendRecord(
  branch: string,
  data: DataBranch,
  record: { sha: string; text: string; date: Date },
  github: GitHubRequests,
): Promise<boolean> {
  const known = data.records.find(({ sha }) => sha === record.sha)
  const path = known?.path ?? `${FOLDER}/${timestamp(record.date)}-${record.sha}.json`
  const file = (name: string, content: string): object => ({ path: name, mode: '100644', type: 'blob', content })
  const tree = [
    file(path, record.text),
    ...(data.tip === undefined ? [file('README.md', README)] : []),
    ...outdated(data.records, path).map((old) => ({ path: old, mode: '100644', type: 'blob', sha: null })),
  ]
  const base = data.treeSha === undefined ? {} : { base_tree: data.treeSha }
  const madeTree = await github.call('POST /repos/{owner}/{repo}/git/trees', { ...base, tree }, madeSchema)
  const commit = {
    message: `Sizes of ${record.sha}`,
    tree: madeTree.sha,
    parents: data.tip === undefined ? [] : [data.tip],
  }
  const madeCommit = await github.call('POST /repos/{owner}/{repo}/git/commits', commit, madeSchema)
  return moveBranch(branch, data.tip, madeCommit.sha, github)
}

async function moveBranch(
  branch: string,
  from: string | undefined,
  to: string,
  github: GitHubRequests,
): Promise<boolean> {
  try {
    if (from === undefined) {
      const created = { ref: `refs/heads/${branch}`, sha: to }
      await github.call('POST /repos/{owner}/{repo}/git/refs', created, v.unknown())
    } else {
      const moved = { ref: `heads/${branch}`, sha: to, force: false }
      await github.call('PATCH /repos/{owner}/{repo}/git/refs/{ref}', moved, v.unknown())
    }
    return true
  } catch (error) {
    // 422: "Update is not a fast forward", "Reference already exists"; 409: GitHub's own conflict while it updates.
    // A rule of the repository answers 422 as well, but then the branch is where it was, and trying again is no use.
    const conflict = error instanceof GitHubFailure && (error.status === 422 || error.status === 409)
    if (conflict && (await readTip(branch, github)) !== from) return false
    throw error
  }
}

/** Names begin with the time, so the oldest come first. */
function outdated(records: readonly StoredRecord[], added: string): string[] {
  const paths = [...new Set([...records.map((record) => record.path), added])].sort()
  return paths.slice(0, Math.max(0, paths.length - KEPT_RECORDS)).filter((path) => path !== added)
}

function timestamp(date: Date): string {
  return `${date.toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z`
}
