import { AwsError, type LabContext } from '../service.ts'
import type { World } from '../world.ts'
import { KmsKeys } from './kms-keys.ts'
import type { Storage } from './postgres/storage.ts'
import { arnOf, type DbCluster, type DbInstance, type Snapshot } from './resources.ts'
import { type SnapshotKind, snapshotKinds } from './snapshot-kind.ts'
import { Transitions } from './transitions.ts'

/** The RDS resources of the lab's account: databases in its region, snapshots in any. */
export class Account {
  readonly context: LabContext
  readonly quotas: World['rdsQuotas']
  readonly storage: Storage
  readonly kmsKeys: KmsKeys
  readonly transitions: Transitions
  readonly #instances = new Map<string, DbInstance>()
  readonly #clusters = new Map<string, DbCluster>()
  readonly #snapshots = new Map<string, Snapshot>()

  constructor(context: LabContext, world: World, storage: Storage) {
    this.context = context
    this.quotas = world.rdsQuotas
    this.storage = storage
    this.kmsKeys = new KmsKeys(context.accountId, world.kmsKeys)
    this.transitions = new Transitions(context.clock)
  }

  /** Databases exist in the lab's own region only. */
  instances(region: string): readonly DbInstance[] {
    return region === this.context.region ? [...this.#instances.values()] : []
  }

  clusters(region: string): readonly DbCluster[] {
    return region === this.context.region ? [...this.#clusters.values()] : []
  }

  instance(region: string, identifier: string): DbInstance | undefined {
    return region === this.context.region ? this.#instances.get(identifier.toLowerCase()) : undefined
  }

  cluster(region: string, identifier: string): DbCluster | undefined {
    return region === this.context.region ? this.#clusters.get(identifier.toLowerCase()) : undefined
  }

  members(cluster: DbCluster): readonly DbInstance[] {
    return [...this.#instances.values()].filter((instance) => instance.cluster === cluster.identifier)
  }

  snapshots(kind: SnapshotKind, region: string): readonly Snapshot[] {
    return [...this.#snapshots.values()].filter((snapshot) => snapshot.kind === kind.of && snapshot.region === region)
  }

  /** Of both kinds, in every region. */
  allSnapshots(): readonly Snapshot[] {
    return [...this.#snapshots.values()]
  }

  snapshot(kind: SnapshotKind, region: string, identifier: string): Snapshot | undefined {
    return this.#snapshots.get(snapshotKey(kind, region, identifier))
  }

  add(database: DbInstance | DbCluster): void {
    if (database.kind === 'instance') this.#instances.set(database.identifier, database)
    else this.#clusters.set(database.identifier, database)
    this.#journal(this.arn(database), '', database.status)
  }

  remove(database: DbInstance | DbCluster): void {
    if (database.kind === 'instance') this.#instances.delete(database.identifier)
    else this.#clusters.delete(database.identifier)
    this.#journal(this.arn(database), database.status, 'deleted')
  }

  rename(instance: DbInstance, identifier: string): void {
    this.#instances.delete(instance.identifier)
    instance.identifier = identifier
    this.#instances.set(identifier, instance)
  }

  addSnapshot(snapshot: Snapshot): void {
    this.#snapshots.set(snapshotKey(snapshotKinds[snapshot.kind], snapshot.region, snapshot.identifier), snapshot)
    this.#journal(snapshot.arn, '', snapshot.status)
  }

  removeSnapshot(snapshot: Snapshot): void {
    this.#snapshots.delete(snapshotKey(snapshotKinds[snapshot.kind], snapshot.region, snapshot.identifier))
    this.#journal(snapshot.arn, snapshot.status, 'deleted')
    this.dropData(snapshot)
  }

  /** Lets go of the snapshot's data, which lives on while a copy of the snapshot has it. */
  dropData(snapshot: Snapshot): void {
    const data = snapshot.data
    snapshot.data = undefined
    if (data) this.transitions.start(data.archive, () => this.storage.release(data), this.failure(snapshot.arn))
  }

  setStatus(resource: DbInstance | DbCluster | Snapshot, status: string, detail = ''): void {
    const from = resource.status
    if (from === status) return
    resource.status = status
    this.#journal('arn' in resource ? resource.arn : this.arn(resource), from, status, detail)
  }

  arn(database: DbInstance | DbCluster): string {
    return arnOf(
      this.context,
      this.context.region,
      database.kind === 'instance' ? 'db' : 'cluster',
      database.identifier,
    )
  }

  /** @throws AwsError SnapshotQuotaExceeded */
  checkSnapshotQuota(kind: SnapshotKind, region: string): void {
    const manual = this.snapshots(kind, region).filter(({ type }) => type === 'manual')
    if (manual.length >= this.quotas.manualSnapshots) {
      throw new AwsError(
        'SnapshotQuotaExceeded',
        `Cannot create more than ${this.quotas.manualSnapshots} manual snapshots`,
      )
    }
  }

  /** Writes down why something in the background failed that nobody waits for. */
  failure(resource: string): (error: Error) => void {
    return (error) => this.#journal(resource, '', 'failed', error.message)
  }

  #journal(resource: string, from: string, to: string, detail = ''): void {
    this.context.journal.change('rds', resource, from, to, detail)
  }
}

function snapshotKey(kind: SnapshotKind, region: string, identifier: string): string {
  return `${kind.of} ${region} ${identifier.toLowerCase()}`
}
