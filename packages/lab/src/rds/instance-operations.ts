import { AwsError, type Operation } from '../service.ts'
import type { Account } from './account.ts'
import { instanceAnswer } from './answers.ts'
import { checkIdentifier } from './identifiers.ts'
import { authorizeFinalSnapshot, change, checkAvailable, find } from './instance-changes.ts'
import { readRequest, requiredText, text } from './request.ts'
import type { DbInstance } from './resources.ts'
import { snapshotKinds } from './snapshot-kind.ts'
import { startSnapshot } from './snapshot-operations.ts'
import { NO_TAGS } from './tags.ts'

/** How long things take, in AWS seconds. */
const STOP_SECONDS = 30
const START_SECONDS = 30
const REBOOT_SECONDS = 15

/** Stopping, starting and rebooting instances. */
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
  }
}

function checkNotClustered(instance: DbInstance): void {
  if (instance.cluster !== undefined) {
    throw new AwsError(
      'InvalidParameterCombination',
      `${instance.engine} DB instances are not eligible for stopping and starting.`,
    )
  }
}
