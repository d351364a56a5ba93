import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hashFiles } from './checksums.ts'
import { ReleaseRefusal } from './refusal.ts'

/** Everything that a release consists of, built and tested, in a folder: publishing it runs no other code. */
export interface Candidate {
  readonly version: string
  /** The commit of the sources. */
  readonly source: string
  /** When that commit was made, in ISO 8601; the release commit has the same date, and so the same hash every time. */
  readonly date: string
  /** The commit of the release below, which becomes the parent; null for the first one. */
  readonly parent: string | null
  /** The commit of the highest release of the same major, which has `v1`; null when there is none. */
  readonly lastOfMajor: string | null
  /** Whether no release has a higher version; release.yml asks for it. */
  readonly isHighest: boolean
  /** Names of the change entries that the notes are made of. */
  readonly changes: readonly string[]
}

/** What lies in the folder of a candidate, beside `release.json`. */
export const candidateFiles = {
  tree: 'tree',
  notes: 'notes.md',
  sbom: 'sbom.cdx.json',
  checksums: 'SHA256SUMS',
  record: 'release.json',
} as const

/**
 * Writes a candidate in place of the one that was there.
 *
 * @param build writes the tree to the path that it gets and gives the texts beside it
 */
export async function writeCandidate(
  folder: string,
  candidate: Candidate,
  build: (tree: string) => Promise<{ readonly notes: string; readonly sbom: string }>,
): Promise<void> {
  const stage = `${folder}.part`
  await rm(stage, { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
  await mkdir(stage, { recursive: true })
  await mkdir(dirname(folder), { recursive: true })
  const tree = join(stage, candidateFiles.tree)
  const { notes, sbom } = await build(tree)
  await writeFile(join(stage, candidateFiles.notes), `${notes}\n`)
  await writeFile(join(stage, candidateFiles.sbom), sbom)
  await writeFile(join(stage, candidateFiles.checksums), await hashFiles(tree))
  await writeFile(join(stage, candidateFiles.record), `${JSON.stringify(candidate, undefined, 2)}\n`)
  // Half a candidate never has the name that is published.
  await rename(stage, folder)
}

/** @throws ReleaseRefusal when there is none, or its tree is not the one that was built */
export async function readCandidate(folder: string): Promise<Candidate & { readonly notes: string }> {
  const text = (name: string) => readFile(join(folder, name), 'utf8')
  const record = await text(candidateFiles.record).catch(() => {
    throw new ReleaseRefusal(`There is no release candidate in ${folder}.`)
  })
  if ((await hashFiles(join(folder, candidateFiles.tree))) !== (await text(candidateFiles.checksums)))
    throw new ReleaseRefusal(`The tree in ${folder} is not the one that its SHA256SUMS is of.`)
  return { ...(JSON.parse(record) as Candidate), notes: (await text(candidateFiles.notes)).trimEnd() }
}
