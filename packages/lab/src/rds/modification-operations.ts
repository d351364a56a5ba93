import { AwsError, type Call, type Input, type Operation, type Output } from '../service.ts'
import type { Account } from './account.ts'
import { instanceAnswer } from './answers.ts'
import { checkPassword } from './databases.ts'
import { checkIdentifier } from './identifiers.ts'
import { authorizeFinalSnapshot, change, checkAvailable, find } from './instance-changes.ts'
import { flag, integer, readRequest, requiredText, text, texts } from './request.ts'
import { snapshotKinds } from './snapshot-kind.ts'
import { startSnapshot } from './snapshot-operations.ts'
import { NO_TAGS } from './tags.ts'

/** How long things take, in AWS seconds. */
const DELETE_SECONDS = 30
const MODIFY_SECONDS = 30

/** Changing and deleting instances. */
export function modificationOperations(account: Account): Readonly<Record<string, Operation>> {
  return {
    ModifyDBInstance: (input, call) => modify(account, input, call),
    DeleteDBInstance: (input, call) => remove(account, input, call),
  }
}

function modify(account: Account, input: Input, call: Call): Output {
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

function remove(account: Account, input: Input, call: Call): Output {
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
