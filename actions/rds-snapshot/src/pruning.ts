import type { ActionContext } from '@deploy-kit/core/action'
import { choosePrunable, type RetentionRule } from './retention.ts'
import type { Database, Snapshot } from './snapshot.ts'
import type { SnapshotSource } from './snapshot-source.ts'

export interface PruningOrder {
  readonly source: SnapshotSource
  /** Where copies are made, if any are. */
  readonly copies: SnapshotSource | undefined
  readonly rule: RetentionRule
  readonly database: Pick<Database, 'identifier' | 'resourceId'>
  readonly newIdentifier: string
}

/** Deletes what the retention rule gives up, and remembers what went: under the quota it may be asked twice in a step. */
export class Pruning {
  readonly #order: PruningOrder
  readonly #context: ActionContext
  readonly #pruned: string[] = []

  constructor(order: PruningOrder, context: ActionContext) {
    this.#order = order
    this.#context = context
  }

  get isOn(): boolean {
    return this.#order.rule.count !== undefined || this.#order.rule.days !== undefined
  }

  get pruned(): readonly string[] {
    return this.#pruned
  }

  /**
   * What the rule gives up right now, without those that other accounts may restore; with `newIsPlanned`, what it will
   * give up once the new one is there.
   */
  async choose(newIsPlanned = false): Promise<readonly Snapshot[]> {
    if (!this.isOn) return []
    const { source, copies, rule, database, newIdentifier } = this.#order
    const all = await source.listManualSnapshots(database.identifier)
    const elsewhere = (await copies?.listManualSnapshots(database.identifier)) ?? []
    const candidates = choosePrunable(all, rule, {
      resourceId: database.resourceId,
      newIdentifier,
      now: this.#context.clock.date(),
      beingCopied: sourcesOfCopies([...all, ...elsewhere]),
      newIsPlanned,
    })
    const prunable: Snapshot[] = []
    for (const snapshot of candidates) {
      const sharing = await source.sharing(snapshot.identifier)
      if (sharing === 'private') prunable.push(snapshot)
      if (sharing === 'shared') this.#context.log.info(`Kept ${snapshot.identifier}: other accounts may restore it.`)
    }
    return prunable
  }

  /** Deletes them, oldest first; each is in the output at once. Returns how many went. */
  async apply(): Promise<number> {
    const { log, setOutput } = this.#context
    const before = this.#pruned.length
    for (const { identifier } of (await this.choose()).toReversed()) {
      if (await this.#order.source.deleteSnapshot(identifier)) {
        this.#pruned.push(identifier)
        setOutput('pruned', this.#pruned)
        log.info(`Deleted ${identifier} by the retention rule.`)
      } else {
        log.info(`Kept ${identifier}: AWS does not delete it now (it is in use, or somebody else has deleted it).`)
      }
    }
    return this.#pruned.length - before
  }
}

function sourcesOfCopies(snapshots: readonly Snapshot[]): ReadonlySet<string> {
  const beingMade = snapshots.filter(({ status }) => status === 'creating' || status === 'copying')
  return new Set(beingMade.flatMap(({ sourceArn }) => (sourceArn === undefined ? [] : [sourceArn])))
}
