import { AwsError, type Call } from '../service.ts'
import type { Account } from './account.ts'
import { instanceNotFound } from './listing-operations.ts'
import { authorizeInstance, authorizeSnapshot } from './permissions.ts'
import type { DbInstance } from './resources.ts'
import { snapshotKinds } from './snapshot-kind.ts'

/** Puts the instance into a passing status and, after some time, does what has to be done to end it. */
export function change(
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

/** @throws AwsError DBInstanceNotFound */
export function find(account: Account, call: Call, action: string, identifier: string): DbInstance {
  authorizeInstance(call, action, account, identifier)
  const instance = account.instance(call.region, identifier)
  if (instance === undefined) throw instanceNotFound(identifier)
  return instance
}

/** A last snapshot needs what CreateDBSnapshot needs: the actions' "Dependent actions". */
export function authorizeFinalSnapshot(account: Account, call: Call, instance: DbInstance, snapshot: string): void {
  authorizeInstance(call, 'rds:CreateDBSnapshot', account, instance.identifier)
  authorizeSnapshot(snapshotKinds.instance, call, 'rds:CreateDBSnapshot', account, snapshot)
}

/** @throws AwsError InvalidDBInstanceState */
export function checkAvailable(
  instance: DbInstance,
  message = `Instance ${instance.identifier} is not in available state.`,
) {
  if (instance.status !== 'available') throw new AwsError('InvalidDBInstanceState', message)
}
