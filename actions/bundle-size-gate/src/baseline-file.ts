import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { messageOf } from '@deploy-kit/core/errors'
import {
  type Baseline,
  type BaselineRecord,
  type GateRecord,
  noteOther,
  parseRecord,
  printRecord,
  selectGate,
  withGate,
} from './baseline.ts'
import type { Measurement } from './measurement.ts'

/** The baseline in the file at `path`; `shown` is its path as the workflow wrote it. Whatever is wrong with it, it counts as missing. */
export async function readBaselineFile(
  path: string,
  shown: string,
  key: string,
  current: Measurement,
): Promise<Baseline> {
  try {
    const found = selectGate(parseRecord(await readFile(path, 'utf8')), key, current, shown)
    return 'gate' in found ? { gate: found.gate, note: ` (${shown})${noteOther(found.gate, key)}` } : found
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return { missing: code === 'ENOENT' ? `${shown} does not exist yet` : `${shown} ${describeProblem(error)}` }
  }
}

function describeProblem(error: unknown): string {
  return error instanceof RangeError ? error.message : `cannot be read (${messageOf(error)})`
}

/**
 * Writes the gate into the file, beside what other gates have there. The file is written in the temporary folder and
 * moved, so that a run that dies leaves the old file or the new one.
 */
export async function writeBaselineFile(path: string, gate: GateRecord, temporaryFolder: string): Promise<void> {
  const record = printRecord(withGate(await readOthers(path), gate))
  const folder = await mkdtemp(join(temporaryFolder, 'bundle-size-gate-'))
  const temporary = join(folder, 'baseline.json')
  try {
    await writeFile(temporary, record)
    await mkdir(dirname(path), { recursive: true })
    await rename(temporary, path)
  } catch (error) {
    // The two folders may be on different file systems.
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error
    await copyFile(temporary, path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Undefined when there is nothing that could be kept: no file yet, or one that no version of this action wrote. */
async function readOthers(path: string): Promise<BaselineRecord | undefined> {
  try {
    return parseRecord(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}
