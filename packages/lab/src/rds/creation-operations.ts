import { AwsError, type Call, type Input, type Operation, type Output } from '../service.ts'
import type { Account } from './account.ts'
import { instanceAnswer, optionGroupOf, parameterGroupOf } from './answers.ts'
import { checkEngine, checkMaster, DEFAULT_SUBNET_GROUP, newInstance } from './databases.ts'
import { checkIdentifier } from './identifiers.ts'
import { clusterNotFound } from './listing-operations.ts'
import { authorizeInstance, authorizeTagsOnCreate } from './permissions.ts'
import { flag, integer, readRequest, requiredText, tags, text, texts } from './request.ts'
import { arnOf, type DbCluster, type DbInstance } from './resources.ts'
import type { Tags } from './tags.ts'

/** AWS seconds until a new instance is available. */
export const CREATE_SECONDS = 60

/** What an instance can be given, whether it is new or restored. */
export const INSTANCE_SETTINGS = {
  instanceClass: ['DBInstanceClass', text],
  tags: ['Tags', tags],
  copyTagsToSnapshot: ['CopyTagsToSnapshot', flag],
  deletionProtection: ['DeletionProtection', flag],
  securityGroups: ['VpcSecurityGroupIds', texts],
  subnetGroup: ['DBSubnetGroupName', text],
  parameterGroup: ['DBParameterGroupName', text],
  storageType: ['StorageType', text],
  multiAz: ['MultiAZ', flag],
  publiclyAccessible: ['PubliclyAccessible', flag],
  autoMinorVersionUpgrade: ['AutoMinorVersionUpgrade', flag],
} as const

/** Making new instances, alone or as members of a cluster. */
export function creationOperations(account: Account): Readonly<Record<string, Operation>> {
  return { CreateDBInstance: (input, call) => createInstance(account, input, call) }
}

function createInstance(account: Account, input: Input, call: Call): Output {
  const request = readRequest('CreateDBInstance', input, {
    ...INSTANCE_SETTINGS,
    identifier: ['DBInstanceIdentifier', requiredText],
    instanceClass: ['DBInstanceClass', requiredText],
    engine: ['Engine', requiredText],
    engineVersion: ['EngineVersion', text],
    cluster: ['DBClusterIdentifier', text],
    databaseName: ['DBName', text],
    username: ['MasterUsername', text],
    password: ['MasterUserPassword', text],
    allocatedStorage: ['AllocatedStorage', integer],
    storageEncrypted: ['StorageEncrypted', flag],
    kmsKeyId: ['KmsKeyId', text],
  })
  const identifier = checkIdentifier(request.identifier, 'DBInstanceIdentifier', 63)
  checkEngine(request.engine, request.cluster === undefined ? ['postgres'] : ['aurora-postgresql', 'postgres'])
  checkVersion(account, request.engine, request.engineVersion)
  authorizeNewInstance(account, call, 'rds:CreateDBInstance', identifier, request.tags, request)
  checkNew(account, call.region, identifier)
  if (request.cluster !== undefined) {
    const cluster = account.cluster(call.region, request.cluster)
    if (cluster === undefined) throw clusterNotFound(request.cluster)
    const instance = createMember(account, cluster, { ...settingsOf(request), identifier })
    return { DBInstance: instanceAnswer(account, instance) }
  }
  if (request.username === undefined || request.password === undefined || request.allocatedStorage === undefined) {
    throw new AwsError(
      'InvalidParameterValue',
      'The parameters MasterUsername, MasterUserPassword and AllocatedStorage must be provided for an instance that is in no cluster.',
    )
  }
  const databaseName = request.databaseName ?? 'postgres'
  const { username, password } = request
  const master = checkMaster({ databaseName, username, password })
  const encrypted = request.storageEncrypted === true || request.kmsKeyId !== undefined
  const instance = newInstance(account, {
    ...settingsOf(request),
    ...{ identifier, databaseName, username, engine: request.engine },
    allocatedStorage: request.allocatedStorage,
    kmsKeyId: encrypted ? account.kmsKeys.find(request.kmsKeyId ?? 'alias/aws/rds', call.region) : undefined,
    status: 'creating',
    server: account.storage.newServer(),
    snapshotSeconds: 90,
    cluster: undefined,
  })
  begin(account, instance, () => account.storage.create(instance.server, master))
  return { DBInstance: instanceAnswer(account, instance) }
}

/** The first member brings the cluster's server up. */
export function createMember(
  account: Account,
  cluster: DbCluster,
  facts: Partial<DbInstance> & { readonly identifier: string },
): DbInstance {
  if (cluster.status !== 'available') {
    throw new AwsError('InvalidDBClusterStateFault', `DB cluster ${cluster.identifier} is not in the available state.`)
  }
  const { engine, databaseName, username, server, snapshotSeconds, kmsKeyId, allocatedStorage } = cluster
  const instance = newInstance(account, {
    ...{ engine, databaseName, username, server, snapshotSeconds, kmsKeyId, allocatedStorage },
    ...facts,
    cluster: cluster.identifier,
    status: 'creating',
  })
  begin(account, instance, () => server.start())
  return instance
}

/** Adds an instance that is `creating` and becomes `available` once `make` has made its data. */
export function begin(account: Account, instance: DbInstance, make: () => Promise<void>): void {
  account.add(instance)
  account.transitions.start(
    instance.resourceId,
    async (pause) => {
      await Promise.all([pause(CREATE_SECONDS), make()])
      account.setStatus(instance, 'available')
    },
    (error) => account.setStatus(instance, 'failed', error.message),
  )
}

/** Only what was given, so that the defaults stand for the rest. */
export function settingsOf<Request extends object>(request: Request): GivenSettings<Request> {
  const names = Object.keys(INSTANCE_SETTINGS)
  const given = Object.entries(request).filter(([name, value]) => names.includes(name) && value !== undefined)
  return Object.fromEntries(given) as GivenSettings<Request>
}

type GivenSettings<Request> = {
  [Name in keyof Request & keyof typeof INSTANCE_SETTINGS]?: Exclude<Request[Name], undefined>
}

/** @throws AwsError DBInstanceAlreadyExists */
export function checkNew(account: Account, region: string, identifier: string): void {
  if (region !== account.context.region) {
    throw new AwsError(
      'InvalidParameterValue',
      `The lab's databases are in ${account.context.region}, not in ${region}.`,
    )
  }
  if (account.instance(region, identifier)) throw new AwsError('DBInstanceAlreadyExists', 'DB instance already exists')
}

/** An instance needs its option, parameter and subnet group as well: "Resource types" of the action. */
export function authorizeNewInstance(
  account: Account,
  call: Call,
  action: string,
  identifier: string,
  given: Tags,
  groups: { readonly parameterGroup?: string | undefined; readonly subnetGroup?: string | undefined },
): void {
  const { context, storage } = account
  authorizeInstance(call, action, account, identifier, given)
  const parameterGroup = groups.parameterGroup ?? parameterGroupOf('postgres', storage.version)
  call.authorize(action, arnOf(context, call.region, 'og', optionGroupOf('postgres', storage.version)))
  call.authorize(action, arnOf(context, call.region, 'pg', parameterGroup))
  call.authorize(action, arnOf(context, call.region, 'subgrp', groups.subnetGroup ?? DEFAULT_SUBNET_GROUP))
  authorizeTagsOnCreate(call, arnOf(context, call.region, 'db', identifier), given)
}

function checkVersion(account: Account, engine: string, version: string | undefined): void {
  const { version: there } = account.storage
  if (version !== undefined && version !== there && version !== there.split('.')[0]) {
    throw new AwsError(
      'InvalidParameterCombination',
      `Cannot find version ${version} for ${engine}; the lab has ${there}.`,
    )
  }
}
