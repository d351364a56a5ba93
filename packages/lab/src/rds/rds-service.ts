import type { ProcessKeeper } from '../process-keeper.ts'
import type { LabContext, Service } from '../service.ts'
import type { DatabaseAddress, World } from '../world.ts'
import { Account } from './account.ts'
import { copyOperations } from './copy-operations.ts'
import { creationOperations } from './creation-operations.ts'
import { instanceOperations } from './instance-operations.ts'
import { listingOperations } from './listing-operations.ts'
import { modificationOperations } from './modification-operations.ts'
import { ADDRESS } from './postgres/server.ts'
import { Storage } from './postgres/storage.ts'
import type { DbCluster, DbInstance } from './resources.ts'
import { restoreOperations } from './restore-operations.ts'
import { sharingOperations } from './sharing-operations.ts'
import { snapshotKinds } from './snapshot-kind.ts'
import { snapshotOperations } from './snapshot-operations.ts'
import { tagOperations } from './tag-operations.ts'
import { createWorldDatabases } from './world-databases.ts'

export interface RdsService extends Service {
  /**
   * Where a database of the world answers.
   * @throws Error when the world has no database of that name
   */
  endpoint(identifier: string): DatabaseAddress
  /**
   * Puts an instance or a cluster into a status that nothing in the lab leads to, such as `storage-full`.
   * @throws Error when there is none of that name
   */
  setStatus(identifier: string, status: string): void
  /** Resolves when no status is going to change by itself any more. */
  settled(): Promise<void>
}

/** RDS, with a real PostgreSQL server for each database. Resolves when the databases of the world take connections. */
export async function createRdsService(
  context: LabContext,
  dependencies: { readonly world: World; readonly keeper: ProcessKeeper },
): Promise<RdsService> {
  const { world, keeper } = dependencies
  const storage = await Storage.open(context.dataDirectory, keeper)
  const account = new Account(context, world, storage)
  try {
    await createWorldDatabases(account, world)
  } catch (error) {
    await storage[Symbol.asyncDispose]()
    throw error
  }
  return {
    name: 'rds',
    protocol: { kind: 'awsQuery', version: '2014-10-31', xmlNamespace: 'http://rds.amazonaws.com/doc/2014-10-31/' },
    operations: operationsOf(account),
    endpoint: (identifier) => endpointOf(world, find(account, identifier)),
    setStatus: (identifier, status) => account.setStatus(find(account, identifier), status),
    settled: () => account.transitions.settled(),
    async close() {
      await account.transitions.close()
      await storage[Symbol.asyncDispose]()
    },
  }
}

function operationsOf(account: Account): Service['operations'] {
  const { instance, cluster } = snapshotKinds
  return {
    ...listingOperations(account),
    ...creationOperations(account),
    ...instanceOperations(account),
    ...modificationOperations(account),
    ...snapshotOperations(account, instance),
    ...snapshotOperations(account, cluster),
    ...copyOperations(account, instance),
    ...copyOperations(account, cluster),
    ...sharingOperations(account, instance),
    ...sharingOperations(account, cluster),
    ...restoreOperations(account),
    ...tagOperations(account),
  }
}

function find(account: Account, identifier: string): DbInstance | DbCluster {
  const { region } = account.context
  const database = account.instance(region, identifier) ?? account.cluster(region, identifier)
  if (database === undefined) throw new Error(`The lab has no database ${identifier}`)
  return database
}

function endpointOf(world: World, database: DbInstance | DbCluster): DatabaseAddress {
  const described = world.databases.find(
    ({ identifier, cluster }) => identifier === database.identifier || cluster === database.identifier,
  )
  const { port } = database.server
  if (described === undefined || port === undefined) {
    throw new Error(`The database ${database.identifier} is not one that the world describes`)
  }
  const { databaseName, username, password } = described
  const url = new URL(`postgres://${ADDRESS}:${port}/${encodeURIComponent(databaseName)}`)
  url.username = encodeURIComponent(username)
  url.password = encodeURIComponent(password)
  return { address: ADDRESS, port, url: url.href }
}
