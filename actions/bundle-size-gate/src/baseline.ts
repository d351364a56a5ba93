import { messageOf } from '@deploy-kit/core/errors'
import * as v from 'valibot'
import type { Measurement } from './measurement.ts'

/** Raised when a reader of an older version would draw wrong conclusions from the record. */
const FORMAT = 1

const bytes = v.pipe(v.number(), v.integer(), v.minValue(0))

const gateSchema = v.object({
  /** `comment-key` of the gate that measured. */
  key: v.string(),
  /** The commit that was measured. */
  sha: v.string(),
  totalBytes: bytes,
  lines: v.array(v.object({ name: v.string(), bytes, compression: v.picklist(['gzip', 'brotli', 'none']) })),
  /** Path to bytes. */
  files: v.record(v.string(), bytes),
  /** Module to bytes before compression, where `source-maps` asked for it. */
  modules: v.optional(v.record(v.string(), bytes)),
})

const recordSchema = v.object({ format: v.literal(FORMAT), gates: v.array(gateSchema) })

/** What one gate measured on one commit. */
export type GateRecord = v.InferOutput<typeof gateSchema>
/** A baseline as it is kept: the gates of one commit (on a branch), or the last of each gate (in a file). */
export type BaselineRecord = v.InferOutput<typeof recordSchema>

/** A baseline to compare with, or the reason why there is none. */
export type Baseline = { readonly gate: GateRecord; readonly note: string } | { readonly missing: string }

/** The record of a measurement. Lines that matched nothing are left out: next time they are new. */
export function toGateRecord(
  key: string,
  sha: string,
  measurement: Measurement,
  modules?: GateRecord['modules'],
): GateRecord {
  return {
    key,
    sha,
    totalBytes: measurement.totalBytes,
    lines: measurement.lines
      .filter((line) => line.missing === undefined)
      .map(({ name, bytes: size, compression }) => ({ name, bytes: size, compression })),
    files: Object.fromEntries(measurement.files.map((file) => [file.path, file.bytes])),
    ...(modules && { modules }),
  }
}

/** The record with `gate` in place of what the same gate left there before. */
export function withGate(record: BaselineRecord | undefined, gate: GateRecord): BaselineRecord {
  const others = record?.gates.filter((other) => other.key !== gate.key) ?? []
  return { format: FORMAT, gates: [...others, gate].sort((a, b) => (a.key < b.key ? -1 : 1)) }
}

export function printRecord(record: BaselineRecord): string {
  return `${JSON.stringify(record, undefined, 1)}\n`
}

/** @throws {RangeError} a sentence's end that says why the text is no baseline that can be used */
export function parseRecord(text: string): BaselineRecord {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw new RangeError(`is not JSON (${messageOf(error)})`)
  }
  const format = typeof data === 'object' && data !== null && 'format' in data ? data.format : undefined
  if (typeof format === 'number' && format > FORMAT) {
    throw new RangeError(`has format ${format}, which is newer than this version of the action knows (${FORMAT})`)
  }
  const result = v.safeParse(recordSchema, data)
  if (result.success) return result.output
  const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'the value'}: ${issue.message}`)
  throw new RangeError(`is not a baseline (${problems.slice(0, 3).join('; ')})`)
}

/**
 * The gate of `record` that `current` can be compared with: the one of the same key, else the only one that measured a
 * line of the same name (the workflow or the job was renamed, or another workflow runs on the default branch).
 */
export function selectGate(
  record: BaselineRecord,
  key: string,
  current: Measurement,
  where: string,
): { readonly gate: GateRecord } | { readonly missing: string; readonly ofOthers: boolean } {
  const names = new Set(current.lines.map((line) => line.name))
  const alike = record.gates.filter((other) => other.lines.some((line) => names.has(line.name)))
  const gate = record.gates.find((other) => other.key === key) ?? (alike.length === 1 ? alike[0] : undefined)
  if (!gate) {
    const keys = record.gates.map((other) => `'${other.key}'`).join(', ')
    const how =
      alike.length === 0 ? 'none of which measured a line of this one' : 'several of which have lines like this one'
    return { missing: `${where} was written by other gates (${keys}), ${how}`, ofOthers: true }
  }
  const before = compressions(gate.lines)
  const now = compressions(current.lines)
  const changed = current.lines.find((line) =>
    gate.lines.some((other) => other.name === line.name && other.compression !== line.compression),
  )
  if (before !== now || changed) {
    return {
      missing: `${where} was measured with compression ${before}, and this run measures with ${now}`,
      ofOthers: false,
    }
  }
  return { gate }
}

/** Says when a baseline is another gate's: a sentence's end. */
export function noteOther(gate: GateRecord, key: string): string {
  return gate.key === key ? '' : `, measured by the gate '${gate.key}'`
}

function compressions(lines: readonly { readonly compression: string }[]): string {
  return [...new Set(lines.map((line) => line.compression))].sort().join(' and ')
}
