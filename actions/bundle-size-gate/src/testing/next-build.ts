import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a real build of Next.js left in `.next`, as record-next-builds.ts found it. */
export interface RecordedBuild {
  /** Path to bytes of each script. */
  readonly chunks: Readonly<Record<string, number>>
  /** Manifests and pages, path to text. */
  readonly texts: Readonly<Record<string, string>>
  /** The scripts that a browser gets with each route's page. */
  readonly loaded: Readonly<Record<string, readonly string[]>>
}

type RecordedBuilds = Readonly<
  Record<'turbopack' | 'webpack', { readonly before: RecordedBuild; readonly after: RecordedBuild }>
>

export async function readRecordedBuilds(): Promise<RecordedBuilds> {
  return JSON.parse(await readFile(join(import.meta.dirname, 'next-builds.json'), 'utf8')) as RecordedBuilds
}

/** The build as files of a workspace; of a script only its size is as it was. */
export function toFiles(build: RecordedBuild): Record<string, string> {
  const scripts = Object.entries(build.chunks).map(([path, size]) => [`.next/${path}`, 'x'.repeat(size)])
  const texts = Object.entries(build.texts).map(([path, text]) => [`.next/${path}`, text])
  return Object.fromEntries([...scripts, ...texts])
}
