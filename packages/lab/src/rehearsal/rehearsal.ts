import type { JournalEntry } from '../journal.ts'
import type { Lab } from '../lab.ts'
import { type Facts, readFacts } from './facts.ts'
import { Traffic, type Visit } from './traffic.ts'
import type { WorkflowRun } from './workflow-run.ts'

/** Everything that one rehearsed run left behind, for the report and for judging it. */
export interface Rehearsal {
  readonly title: string
  readonly run: WorkflowRun
  readonly before: Facts
  readonly after: Facts
  /** What users saw while the workflow ran; empty when the world has no balancer. */
  readonly visits: readonly Visit[]
  /** Requests and changes while the workflow ran. */
  readonly journal: readonly JournalEntry[]
  /** What must be true at the end, and whether it is; empty for a workflow of the user's own. */
  readonly expectations: readonly Expectation[]
}

export interface Expectation {
  readonly statement: string
  readonly holds: boolean
}

/** Reads the state, lets users visit the service while `play` runs, and reads the state again. */
export async function observe(
  lab: Lab,
  title: string,
  play: () => Promise<WorkflowRun>,
): Promise<Omit<Rehearsal, 'expectations'>> {
  const { LAB_SERVICE_URL: serviceUrl } = lab.environment
  const before = await readFacts(lab.environment)
  const traffic = serviceUrl === undefined ? undefined : new Traffic(`${serviceUrl}/`)
  const from = lab.journal.entries().length
  try {
    const run = await play()
    const visits = (await traffic?.end()) ?? []
    const journal = lab.journal.entries().slice(from)
    return { title, run, before, after: await readFacts(lab.environment), visits, journal }
  } finally {
    await traffic?.end()
  }
}
