import { AwsError, type Call, type Operation } from '../service.ts'
import type { Account } from './account.ts'
import { instanceAnswer } from './answers.ts'
import { checkPassword } from './databases.ts'
import { checkIdentifier } from './identifiers.ts'
import { instanceNotFound } from './listing-operations.ts'
import { authorizeInstance, authorizeSnapshot } from './permissions.ts'
import { flag, integer, readRequest, requiredText, text, texts } from './request.ts'
import type { DbInstance } from './resources.ts'
import { snapshotKinds } from './snapshot-kind.ts'
import { startSnapshot } from './snapshot-operations.ts'
import { NO_TAGS } from './tags.ts'

/** How long things take, in AWS seconds. */
const STOP_SECONDS = 30
const START_SECONDS = 30
const REBOOT_SECONDS = 15
const DELETE_SECONDS = 30
const MODIFY_SECONDS = 30

/** Stopping, starting, rebooting, changing and deleting instances. */
export function instanceOperations(account: Account): Readonly<Record<string, Operation>> {
  return {
    StopDBInstance(input, call) {
      const request = readRequest('StopDBInstance', input, {
        identifier: ['DBInstanceIdentifier', requiredText],
        snapshot: ['DBSnapshotIdentifier', text],
      })
      const snapshot = request.snapshot && checkIdentifier(request.snapshot, 'DBSnapshotIdentifier', 255)
      const instance = find(account, call, 'rds:StopDBInstance', request.identifier)
      if (snapshot) authorizeFinalSnapshot(account, call, instance, snapshot)
      checkNotClustered(instance)
      checkAvailable(instance)
      if (snapshot) startSnapshot(account, snapshotKinds.instance, instance, snapshot, NO_TAGS)
      change(account, instance, 'stopping', STOP_SECONDS, async () => {
        await instance.server.stop('fast')
        account.setStatus(instance, 'stopped')
      })
      return { DBInstance: instanceAnswer(account, instance) }
    },

    StartDBInstance(input, call) {
      const request = readRequest('StartDBInstance', input, { identifier: ['DBInstanceIdentifier', requiredText] })
      const instance = find(account, call, 'rds:StartDBInstance', request.identifier)
      checkNotClustered(instance)
      if (instance.status !== 'stopped') {
        throw new AwsError('InvalidDBInstanceState', `Instance ${instance.identifier} is not in stopped state.`)
      }
      change(account, instance, 'starting', START_SECONDS, async () => {
        await instance.server.start()
        account.setStatus(instance, 'available')
      })
      return { DBInstance: instanceAnswer(account, instance) }
    },

    RebootDBInstance(input, call) {
      const request = readRequest('RebootDBInstance', input, { identifier: ['DBInstanceIdentifier', requiredText] })
      const instance = find(account, call, 'rds:RebootDBInstance', request.identifier)
      checkAvailable(instance)
      change(account, instance, 'rebooting', REBOOT_SECONDS, async () => {
        await instance.server.stop('fast')
        await instance.server.start()
        account.setStatus(instance, 'available')
      })
      return { DBInstance: instanceAnswer(account, instance) }
    },

    ModifyDBInstance: (input, call) => modify(account, input, call),
    DeleteDBInstance: (input, call) => remove(account, input, call),
  }
}

const modify = (account: Account, input: unknown, call: Call) => {
  const request = readRequest('ModifyDBInstance', input, {
    identifier: ['DBInstanceIdentifier', requiredText],
    newIdentifier: ['NewDBInstanceIdentifier', text],
    password: ['MasterUserPassword', text],
    instanceClass: ['DBInstanceClass', text],
    allocatedStorage: ['AllocatedStorage', integer],
    deletionProtection: ['DeletionProtection', flag],
    copyTagsToSnapshot: ['CopyTagsToSnapshot', flag],
    securityGroups: ['VpcSecurityGroupIds', texts],
    immediately: ['ApplyImmediately', flag],
  })
  const newIdentifier = request.newIdentifier && checkIdentifier(request.newIdentifier, 'NewDBInstanceIdentifier', 63)
  if (request.password !== undefined) checkPassword(request.password)
  const instance = find(account, call, 'rds:ModifyDBInstance', request.identifier)
  checkAvailable(instance, 'Database instance is not in available state.')
  if (newIdentifier && account.instance(call.region, newIdentifier)) {
    throw new AwsError('DBInstanceAlreadyExists', 'DB instance already exists')
  }
  const waits = request.instanceClass ?? request.allocatedStorage ?? newIdentifier
  if (waits !== undefined && request.immediately !== true) {
    throw new AwsError(
      'InvalidParameterCombination',
      'The lab has no maintenance windows: set ApplyImmediately to true to change the class, the storage or the identifier.',
    )
  }
  if (request.allocatedStorage !== undefined && request.allocatedStorage < instance.allocatedStorage) {
    throw new AwsError(
      'InvalidParameterCombination',
      `Invalid storage size: ${request.allocatedStorage} GiB is less than the ${instance.allocatedStorage} GiB it has.`,
    )
  }
  change(account, instance, 'modifying', MODIFY_SECONDS, async () => {
    if (request.password !== undefined) {
      await account.storage.setPassword(instance.server, instance.username, request.password)
    }
    instance.instanceClass = request.instanceClass ?? instance.instanceClass
    instance.allocatedStorage = request.allocatedStorage ?? instance.allocatedStorage
    instance.deletionProtection = request.deletionProtection ?? instance.deletionProtection
    instance.copyTagsToSnapshot = request.copyTagsToSnapshot ?? instance.copyTagsToSnapshot
    instance.securityGroups = request.securityGroups ?? instance.securityGroups
    if (newIdentifier) account.rename(instance, newIdentifier)
    account.setStatus(instance, 'available')
  })
  return { DBInstance: instanceAnswer(account, instance) }
}

const remove = (account: Account, input: unknown, call: Call) => {
  const request = readRequest('DeleteDBInstance', input, {
    identifier: ['DBInstanceIdentifier', requiredText],
    skipFinalSnapshot: ['SkipFinalSnapshot', flag],
    finalSnapshot: ['FinalDBSnapshotIdentifier', text],
    // The lab makes no automated backups that could be kept.
    deleteAutomatedBackups: ['DeleteAutomatedBackups', flag],
  })
  const snapshot = request.finalSnapshot && checkIdentifier(request.finalSnapshot, 'FinalDBSnapshotIdentifier', 255)
  const instance = find(account, call, 'rds:DeleteDBInstance', request.identifier)
  if (snapshot) authorizeFinalSnapshot(account, call, instance, snapshot)
  if (instance.deletionProtection) {
    throw new AwsError(
      'InvalidParameterCombination',
      'Cannot delete protected DB Instance, please disable deletion protection and try again.',
    )
  }
  if (snapshot && (request.skipFinalSnapshot || instance.cluster !== undefined)) {
    throw new AwsError(
      'InvalidParameterCombination',
      `FinalDBSnapshotIdentifier can not be specified when ${instance.cluster === undefined ? 'SkipFinalSnapshot is true' : 'deleting a cluster instance'}`,
    )
  }
  if (!snapshot && !request.skipFinalSnapshot && instance.cluster === undefined) {
    throw new AwsError(
      'InvalidParameterCombination',
      'FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.',
    )
  }
  if (instance.status === 'deleting') {
    throw new AwsError('InvalidDBInstanceState', `Instance ${instance.identifier} is already being deleted.`)
  }
  if (snapshot) startSnapshot(account, snapshotKinds.instance, instance, snapshot, NO_TAGS)
  change(account, instance, 'deleting', DELETE_SECONDS, async () => {
    const cluster = instance.cluster === undefined ? undefined : account.cluster(call.region, instance.cluster)
    // A cluster keeps its data when its last member goes.
    if (cluster === undefined) await account.storage.remove(instance.server)
    else if (account.members(cluster).length === 1) await cluster.server.stop('fast')
    account.remove(instance)
  })
  return { DBInstance: instanceAnswer(account, instance) }
}

function change(
  account: Account,
  instance: DbInstance,
  status: string,
  awsSeconds: number,
  finish: () => Promise<void>,
): void {
  account.setStatus(instance, status)
  account.transitions.start(
    instance.resourceId,
    async (pause) => {
      await pause(awsSeconds)
      await finish()
    },
    (error) => account.setStatus(instance, 'failed', error.message),
  )
}

function find(account: Account, call: Call, action: string, identifier: string): DbInstance {
  authorizeInstance(call, action, account, identifier)
  const instance = account.instance(call.region, identifier)
  if (instance === undefined) throw instanceNotFound(identifier)
  return instance
}

/** A last snapshot needs what CreateDBSnapshot needs: the actions' "Dependent actions". */
function authorizeFinalSnapshot(account: Account, call: Call, instance: DbInstance, snapshot: string): void {
  authorizeInstance(call, 'rds:CreateDBSnapshot', account, instance.identifier)
  authorizeSnapshot(call, 'rds:CreateDBSnapshot', account, snapshotKinds.instance, snapshot)
}

function checkAvailable(instance: DbInstance, message = `Instance ${instance.identifier} is not in available state.`) {
  if (instance.status !== 'available') throw new AwsError('InvalidDBInstanceState', message)
}

function checkNotClustered(instance: DbInstance): void {
  if (instance.cluster !== undefined) {
    throw new AwsError(
      'InvalidParameterCombination',
      `${instance.engine} DB instances are not eligible for stopping and starting.`,
    )
  }
}
