import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AwsError } from '../service.ts'
import type { World, WorldDatabase } from '../world.ts'
import type { Account } from './account.ts'
import { parameterGroupOf } from './answers.ts'
import { checkIdentifier } from './identifiers.ts'
import type { PostgresServer } from './postgres/server.ts'
import type { MasterUser } from './postgres/storage.ts'
import { type DbCluster, type DbInstance, newResourceId } from './resources.ts'
import { checkTags, NO_TAGS } from './tags.ts'

export const DEFAULT_SECURITY_GROUP = 'sg-0a1b2c3d4e5f60718'
export const DEFAULT_SUBNET_GROUP = 'default'
export const DEFAULT_CLASS = 'db.t4g.micro'

/** What has to be said of a new instance; the rest is AWS's default. */
type InstanceFacts = Pick<
  DbInstance,
  'identifier' | 'engine' | 'databaseName' | 'username' | 'server' | 'snapshotSeconds' | 'cluster' | 'status'
> &
  Partial<DbInstance>

export function newInstance(account: Account, facts: InstanceFacts): DbInstance {
  const engineVersion = account.storage.version
  return {
    kind: 'instance',
    resourceId: newResourceId('db', account.context.random),
    createdAt: new Date(),
    engineVersion,
    allocatedStorage: 20,
    storageType: facts.engine === 'postgres' ? 'gp3' : 'aurora',
    kmsKeyId: undefined,
    tags: NO_TAGS,
    copyTagsToSnapshot: false,
    deletionProtection: false,
    securityGroups: [DEFAULT_SECURITY_GROUP],
    subnetGroup: DEFAULT_SUBNET_GROUP,
    instanceClass: DEFAULT_CLASS,
    parameterGroup: parameterGroupOf(facts.engine, engineVersion),
    multiAz: false,
    publiclyAccessible: false,
    autoMinorVersionUpgrade: true,
    ...facts,
  }
}

type ClusterFacts = Pick<
  DbCluster,
  'identifier' | 'engine' | 'databaseName' | 'username' | 'server' | 'snapshotSeconds' | 'status'
> &
  Partial<DbCluster>

export function newCluster(account: Account, facts: ClusterFacts): DbCluster {
  return {
    kind: 'cluster',
    resourceId: newResourceId('cluster', account.context.random),
    createdAt: new Date(),
    engineVersion: account.storage.version,
    allocatedStorage: 1,
    storageType: facts.engine === 'postgres' ? 'gp3' : 'aurora',
    kmsKeyId: undefined,
    tags: NO_TAGS,
    copyTagsToSnapshot: false,
    deletionProtection: false,
    securityGroups: [DEFAULT_SECURITY_GROUP],
    subnetGroup: DEFAULT_SUBNET_GROUP,
    ...facts,
  }
}

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
    account.add(await startedInstance(account, world, database))
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
    tags: checkTags(Object.entries(database.tags).map(([Key, Value]) => ({ Key, Value }))),
  }
}

/** @throws AwsError InvalidParameterValue for an engine that the lab does not run */
export function checkEngine(engine: string, allowed: readonly string[]): void {
  if (!allowed.includes(engine)) {
    throw new AwsError(
      'InvalidParameterValue',
      `The lab runs PostgreSQL only: the engine ${engine} is not one of ${allowed.join(', ')}.`,
    )
  }
}

/**
 * @throws AwsError InvalidParameterValue
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html MasterUsername, DBName
 */
export function checkMaster(master: MasterUser): MasterUser {
  if (!/^[a-z][a-z0-9_]{0,62}$/i.test(master.username)) {
    throw new AwsError('InvalidParameterValue', `The parameter MasterUsername is not a valid identifier.`)
  }
  if (master.username === 'rdsadmin' || /^pg_/.test(master.username)) {
    throw new AwsError(
      'InvalidParameterValue',
      `MasterUsername ${master.username} cannot be used as it is a reserved word used by the engine`,
    )
  }
  if (!/^[a-z_][a-z0-9_]{0,62}$/i.test(master.databaseName)) {
    throw new AwsError(
      'InvalidParameterValue',
      'DBName must begin with a letter and contain only alphanumeric characters.',
    )
  }
  checkPassword(master.password)
  return master
}

/** "From 8 to 128 characters", printable ASCII without slash, quote, double quote, @ and space. */
export function checkPassword(password: string): void {
  if (password.length < 8 || password.length > 128 || !/^[!-~]*$/.test(password) || /[/'"@]/.test(password)) {
    throw new AwsError(
      'InvalidParameterValue',
      "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used, 8 to 128 of them.",
    )
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
