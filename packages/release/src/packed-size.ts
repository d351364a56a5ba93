import { create } from 'tar'

/** The whole tree as tar.gz. GitHub's runner downloads it for every job that uses one of the actions. */
export const MAX_PACKED_BYTES = 1_200_000

/** Bytes of a folder as `tar -cz` packs it. */
export async function measurePacked(folder: string, path: string): Promise<number> {
  let bytes = 0
  for await (const chunk of create({ cwd: folder, gzip: { level: 9 }, portable: true }, [path])) bytes += chunk.length
  return bytes
}
