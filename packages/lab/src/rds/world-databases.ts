import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { World, WorldDatabase } from '../world.ts'
import type { Account } from './account.ts'
import { checkEngine, checkMaster, newCluster, newInstance } from './databases.ts'
import { checkIdentifier } from './identifiers.ts'
import type { PostgresServer } from './postgres/server.ts'
import type { DbInstance } from './resources.ts'
import { tagsOf } from './tags.ts'
import { addWorldSnapshots } from './world-snapshots.ts'

/**
 * Makes the databases that the world starts with.
 * @throws Error that names the database which cannot be made, and why
 */
export async function createWorldDatabases(account: Account, world: World): Promise<void> {
  const byCluster = Map.groupBy(world.databases, ({ cluster }) => cluster)
  const alone = (byCluster.get(undefined) ?? []).map((database) => createAlone(account, world, database))
  const clusters = [...byCluster]
    .filter(([cluster]) => cluster !== undefined)
    .map(([cluster, members]) => createClustered(account, world, cluster!, members))
  await Promise.all([...alone, ...clusters])
}

async function createAlone(account: Account, world: World, database: WorldDatabase): Promise<void> {
  await naming(database, async () => {
    checkEngine(database.engine, ['postgres'])
    const instance = await startedInstance(account, world, database)
    account.add(instance)
    await addWorldSnapshots(account, instance, database.snapshots)
  })
}

async function startedInstance(account: Account, world: World, database: WorldDatabase): Promise<DbInstance> {
  const server = account.storage.newServer()
  const instance = newInstance(account, { ...factsOf(account, database), server, cluster: undefined })
  if (account.instance(account.context.region, instance.identifier)) throw new Error('the name is used twice')
  await startServer(account, world, server, database)
  return instance
}

/** The first member is the writer, and what it says of the database holds for the cluster. */
async function createClustered(
  account: Account,
  world: World,
  identifier: string,
  members: readonly WorldDatabase[],
): Promise<void> {
  const writer = members[0]!
  await naming(writer, async () => {
    checkEngine(writer.engine, ['aurora-postgresql', 'postgres'])
    for (const { databaseName, username, password, engine } of members) {
      const same = databaseName === writer.databaseName && username === writer.username && engine === writer.engine
      if (!same || password !== writer.password) {
        throw new Error(`the members of the cluster ${identifier} share one database, and must name the same`)
      }
    }
    const server = account.storage.newServer()
    const cluster = newCluster(account, {
      ...factsOf(account, writer),
      identifier: checkIdentifier(identifier, 'cluster', 63),
      status: 'available',
      server,
    })
    await startServer(account, world, server, writer)
    account.add(cluster)
    for (const member of members) {
      account.add(newInstance(account, { ...factsOf(account, member), server, cluster: cluster.identifier }))
    }
    const snapshots = members.flatMap((member) => member.snapshots)
    await addWorldSnapshots(account, cluster, snapshots)
  })
}

/** With the SQL files that the database starts with, run by its master user as a migration would be. */
async function startServer(
  account: Account,
  world: World,
  server: PostgresServer,
  database: WorldDatabase,
): Promise<void> {
  const master = checkMaster(database)
  await account.storage.create(server, master)
  for (const file of database.initialSql) {
    try {
      await account.storage.run(server, master, await readFile(resolve(world.directory, file), 'utf8'))
    } catch (cause) {
      throw new Error(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
  }
}

function factsOf(account: Account, database: WorldDatabase) {
  const { databaseName, username, status, allocatedStorage, snapshotSeconds, engine } = database
  const { copyTagsToSnapshot, deletionProtection } = database
  return {
    ...{ databaseName, username, status, allocatedStorage, snapshotSeconds, engine },
    ...{ copyTagsToSnapshot, deletionProtection },
    identifier: checkIdentifier(database.identifier, 'identifier', 63),
    kmsKeyId: database.kmsKeyId && account.kmsKeys.find(database.kmsKeyId, account.context.region),
    tags: tagsOf(database.tags),
  }
}

async function naming(database: WorldDatabase, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`The world's database ${database.identifier} cannot be made: ${reason}`, { cause })
  }
}
