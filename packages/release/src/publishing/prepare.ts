import { type Candidate, writeCandidate } from './candidate.ts'
import { readChangeEntries, renderNotes } from './change-entry.ts'
import { gitIn } from './git.ts'
import { ReleaseRefusal } from './refusal.ts'
import { planRelease } from './release-plan.ts'
import { readTree, refuseBreaks } from './release-tree.ts'
import { readRemote } from './remote-state.ts'
import { buildTwice } from './reproducible-build.ts'
import { renderSbom } from './sbom.ts'
import { formatVersion, type Version } from './version.ts'

export interface PrepareOptions {
  /** The repository of the sources; what is released is its HEAD. */
  readonly repository: string
  /** The name or address of the remote. */
  readonly remote: string
  /** Undefined: what the change entries ask for. */
  readonly wanted: Version | undefined
  /** Names that change entries may concern. */
  readonly actions: readonly string[]
  /** Shell commands; see {@link buildTwice}. */
  readonly build: string
  readonly check: string | undefined
  /** The folder that becomes the candidate. */
  readonly folder: string
  readonly print: (line: string) => void
}

/** What tells the build which version it makes. */
const versionVariable = 'DEPLOY_KIT_VERSION'

/**
 * Builds and tests the next release and lays it into a folder. Nothing outside that folder changes.
 *
 * @throws ReleaseRefusal when this commit must not be released, or not as this version
 */
export async function prepareRelease(options: PrepareOptions): Promise<Candidate> {
  const { repository, print } = options
  const git = gitIn(repository)
  const changed = await git(['status', '--porcelain'])
  if (changed !== '') throw new ReleaseRefusal(`The work tree differs from its commit:\n${changed}`)
  const [source = '', date = ''] = (await git(['log', '-1', '--format=%H %cI'])).split(' ')
  const entries = await readChangeEntries(repository, options.actions)
  const remote = await readRemote(git, options.remote)
  const plan = await planRelease(git, remote, { source, wanted: options.wanted, entries })
  const version = formatVersion(plan.version)
  print(`Preparing ${version} from ${source}`)
  const changes = plan.entries.map(({ name }) => name)
  const parent = plan.previous?.commit ?? null
  const lastOfMajor = plan.lastOfMajor?.commit ?? null
  const candidate = { version, source, date, parent, lastOfMajor, isHighest: plan.isHighest, changes }
  await writeCandidate(options.folder, candidate, async (tree) => {
    const packages = await buildTwice({ ...options, source, environment: { [versionVariable]: version } }, tree)
    await refuseBreaks(git, plan.last, await readTree(tree))
    return { notes: renderNotes(plan.entries), sbom: await renderSbom(packages, candidate) }
  })
  print(`${version} is ready in ${options.folder}. Nothing has been published.`)
  return candidate
}
