import { AwsError } from '../service.ts'
import type { Account } from './account.ts'
import { parameterGroupOf } from './answers.ts'
import type { MasterUser } from './postgres/storage.ts'
import { type DbCluster, type DbInstance, newResourceId } from './resources.ts'
import { NO_TAGS } from './tags.ts'

export const DEFAULT_SECURITY_GROUP = 'sg-0a1b2c3d4e5f60718'
export const DEFAULT_SUBNET_GROUP = 'default'
export const DEFAULT_CLASS = 'db.t4g.micro'

/** What has to be said of a new instance; the rest is AWS's default. */
type InstanceFacts = Pick<
  DbInstance,
  'identifier' | 'engine' | 'databaseName' | 'username' | 'server' | 'snapshotSeconds' | 'cluster' | 'status'
> &
  Partial<DbInstance>

/** What instances and clusters have in common. */
function databaseDefaults(account: Account, engine: string) {
  const engineVersion = account.storage.version
  return {
    createdAt: new Date(),
    engineVersion,
    storageType: engine === 'postgres' ? 'gp3' : 'aurora',
    kmsKeyId: undefined,
    tags: NO_TAGS,
    copyTagsToSnapshot: false,
    deletionProtection: false,
    securityGroups: [DEFAULT_SECURITY_GROUP],
    subnetGroup: DEFAULT_SUBNET_GROUP,
    parameterGroup: parameterGroupOf(engine, engineVersion),
  }
}

export function newInstance(account: Account, facts: InstanceFacts): DbInstance {
  return {
    ...databaseDefaults(account, facts.engine),
    kind: 'instance',
    resourceId: newResourceId('db', account.context.random),
    allocatedStorage: 20,
    instanceClass: DEFAULT_CLASS,
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
    ...databaseDefaults(account, facts.engine),
    kind: 'cluster',
    resourceId: newResourceId('cluster', account.context.random),
    allocatedStorage: 1,
    ...facts,
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
