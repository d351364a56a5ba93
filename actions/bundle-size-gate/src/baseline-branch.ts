import { CancelledError } from '@deploy-kit/core/errors'
import { findStart, listAncestors } from './ancestors.ts'
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
import { appendRecord, type DataBranch, readDataBranch, readStored, type StoredRecord } from './data-branch.ts'
import type { GitHubApi, GitHubRequests } from './github-api.ts'
import { GitHubFailure } from './github-failure.ts'
import type { Measurement } from './measurement.ts'
import type { Trigger } from './trigger.ts'

/** So many records of other gates are looked into before the search is given up. */
const MOST_RECORDS_READ = 20

/** The baseline of the commit that this run is to be compared with, else of its nearest ancestor that has one. */
export async function readBaselineBranch(
  branch: string,
  key: string,
  current: Measurement,
  options: { trigger: Trigger; github: GitHubApi },
): Promise<Baseline> {
  try {
    return await options.github.within((github) => search(branch, key, current, options.trigger, github))
  } catch (error) {
    if (error instanceof CancelledError) throw error
    if (error instanceof GitHubFailure) return { missing: explainReading(error) }
    throw error
  }
}

function explainReading(failure: GitHubFailure): string {
  const advice = failure.status === 403 ? '; give the job `permissions: contents: read`' : ''
  return `${failure.message}${advice}`
}

async function search(
  branch: string,
  key: string,
  current: Measurement,
  trigger: Trigger,
  github: GitHubRequests,
): Promise<Baseline> {
  const data = await readDataBranch(branch, github)
  if (data.tip === undefined)
    return {
      missing: `there is no branch ${branch} yet; ${trigger.onDefaultBranch ? 'this run' : 'the next run on the default branch'} makes it`,
    }
  const start = await findStart(trigger, github)
  const stored = new Map(data.records.map((record) => [record.sha, record]))
  let read = 0
  let other: string | undefined
  for await (const sha of listAncestors(start, github)) {
    const record = stored.get(sha)
    if (!record) continue
    const found = await readRecord(record, key, current, github)
    const note =
      sha === start.sha
        ? ` (${start.role})`
        : `, the nearest ancestor that has a baseline (${start.role} is ${start.sha.slice(0, 10)})`
    if ('gate' in found) {
      const which = start.itself ? note : ', the last one measured before'
      return { gate: found.gate, note: `${which}${noteOther(found.gate, key)}` }
    }
    if (!found.ofOthers) return found
    other ??= found.missing
    read += 1
    if (read >= MOST_RECORDS_READ) break
  }
  return { missing: other ?? `neither ${start.role} (${start.sha.slice(0, 10)}) nor an ancestor near it was measured` }
}

async function readRecord(
  record: StoredRecord,
  key: string,
  current: Measurement,
  github: GitHubRequests,
): Promise<ReturnType<typeof selectGate>> {
  const where = `the baseline of ${record.sha.slice(0, 10)}`
  try {
    return selectGate(parseRecord(await readStored(record, github)), key, current, where)
  } catch (error) {
    if (error instanceof RangeError) return { missing: `${where} ${error.message}`, ofOthers: false }
    throw error
  }
}

/**
 * Adds the gate to the record of its commit. Several runs may do so at the same time: who comes second reads again
 * what the first has written and adds to it.
 *
 * @throws {Error} that says what is missing, for a warning
 */
export async function writeBaselineBranch(
  branch: string,
  gate: GateRecord,
  options: { github: GitHubApi; date: Date },
): Promise<void> {
  try {
    await options.github.within(async (github) => {
      while (!(await addGate(branch, gate, options.date, github))) await github.stepAside()
    })
  } catch (error) {
    if (!(error instanceof GitHubFailure)) throw error
    // A token without the permission sees a 403; one of another repository a 404.
    const advice = error.status === 403 || error.status === 404 ? ' Give the job `permissions: contents: write`.' : ''
    throw new Error(`${error.message}.${advice}`)
  }
}

async function addGate(branch: string, gate: GateRecord, date: Date, github: GitHubRequests): Promise<boolean> {
  const data = await readDataBranch(branch, github)
  const before = await readExisting(data, gate.sha, github)
  const text = printRecord(withGate(before, gate))
  // A second run for the same commit, or a try whose answer got lost.
  if (before && text === printRecord(before)) return true
  return appendRecord(branch, data, { sha: gate.sha, text, date }, github)
}

/** Undefined when there is nothing to keep: no record of the commit, or one that this version cannot read. */
async function readExisting(
  data: DataBranch,
  sha: string,
  github: GitHubRequests,
): Promise<BaselineRecord | undefined> {
  const record = data.records.find((stored) => stored.sha === sha)
  if (!record) return undefined
  const text = await readStored(record, github)
  try {
    return parseRecord(text)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
