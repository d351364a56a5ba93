import type { GateRecord } from './baseline.ts'
import { joinFiles, type NameRule } from './file-names.ts'
import type { Measurement } from './measurement.ts'

/** What changed between the baseline and this run. */
export interface Comparison {
  readonly sha: string
  readonly total: Change
  /** In the order of the gate's lines; removed ones follow. */
  readonly lines: readonly NamedChange[]
  /** Files that are new, gone or of another size. */
  readonly files: readonly NamedChange[]
  /** Names that several files of either build share once their hashes are removed. */
  readonly collisions: readonly string[]
}

export interface Change {
  /** Missing: new. */
  readonly beforeBytes?: number
  /** Missing: removed. */
  readonly afterBytes?: number
}

export interface NamedChange extends Change {
  readonly name: string
}

export function compare(gate: GateRecord, current: Measurement, nameOf: NameRule): Comparison {
  const before = new Map(gate.lines.map((line) => [line.name, line.bytes]))
  const names = new Set(current.lines.map((line) => line.name))
  const lines = [
    ...current.lines.map(({ name, bytes }) => change(name, before.get(name), bytes)),
    ...gate.lines.filter(({ name }) => !names.has(name)).map(({ name, bytes }) => change(name, bytes, undefined)),
  ]
  const { pairs, collisions } = joinFiles(
    Object.keys(gate.files),
    current.files.map((file) => file.path),
    nameOf,
  )
  const afterBytes = new Map(current.files.map((file) => [file.path, file.bytes]))
  const files = pairs
    .map(({ name, before: old, after }) =>
      change(
        name,
        old === undefined ? undefined : gate.files[old],
        after === undefined ? undefined : afterBytes.get(after),
      ),
    )
    .filter((file) => file.beforeBytes !== file.afterBytes)
  return {
    sha: gate.sha,
    total: { beforeBytes: gate.totalBytes, afterBytes: current.totalBytes },
    lines,
    files,
    collisions,
  }
}

/** Bytes that something grew; what is new grew by all it has. */
export function deltaOf({ beforeBytes = 0, afterBytes = 0 }: Change): number {
  return afterBytes - beforeBytes
}

/** Percent of what was there before; undefined when there was nothing. */
export function deltaPercent(of: Change): number | undefined {
  if (!of.beforeBytes) return undefined
  return (deltaOf(of) / of.beforeBytes) * 100
}

/** Largest change first, then by name: the order in which people want to read them. */
export function byWeight(a: NamedChange, b: NamedChange): number {
  return Math.abs(deltaOf(b)) - Math.abs(deltaOf(a)) || (a.name < b.name ? -1 : 1)
}

function change(name: string, beforeBytes: number | undefined, afterBytes: number | undefined): NamedChange {
  return { name, ...(beforeBytes !== undefined && { beforeBytes }), ...(afterBytes !== undefined && { afterBytes }) }
}
