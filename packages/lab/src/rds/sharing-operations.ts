import { AwsError, type Call, type Input, type Operation, type Output, XmlList } from '../service.ts'
import type { Account } from './account.ts'
import { authorizeSnapshot } from './permissions.ts'
import { readRequest, requiredText, texts } from './request.ts'
import type { Snapshot } from './resources.ts'
import type { SnapshotKind } from './snapshot-kind.ts'

const MOST_ACCOUNTS = 20

/** Who may restore a manual snapshot: its attribute `restore`. */
export function sharingOperations(account: Account, kind: SnapshotKind): Readonly<Record<string, Operation>> {
  return {
    [`Describe${kind.noun}Attributes`]: (input, call) => describeAttributes(account, kind, input, call),
    [`Modify${kind.noun}Attribute`]: (input, call) => modifyAttribute(account, kind, input, call),
  }
}

function describeAttributes(account: Account, kind: SnapshotKind, input: Input, call: Call): Output {
  const operation = `Describe${kind.noun}Attributes`
  const request = readRequest(operation, input, { identifier: [`${kind.noun}Identifier`, requiredText] })
  return attributesAnswer(kind, find(account, kind, call, `rds:${operation}`, request.identifier))
}

function modifyAttribute(account: Account, kind: SnapshotKind, input: Input, call: Call): Output {
  const operation = `Modify${kind.noun}Attribute`
  const request = readRequest(operation, input, {
    identifier: [`${kind.noun}Identifier`, requiredText],
    attribute: ['AttributeName', requiredText],
    add: ['ValuesToAdd', texts],
    remove: ['ValuesToRemove', texts],
  })
  const snapshot = find(account, kind, call, `rds:${operation}`, request.identifier)
  if (request.attribute !== 'restore') {
    throw new AwsError('InvalidParameterValue', `Invalid value ${request.attribute} for AttributeName. Use restore.`)
  }
  if (snapshot.status !== 'available') {
    throw kind.invalidState(`Cannot share ${snapshot.identifier} because it is not currently in the available state.`)
  }
  const both = (request.add ?? []).filter((value) => request.remove?.includes(value))
  if (both.length > 0) {
    throw new AwsError(
      'InvalidParameterCombination',
      `A value may not appear in both the add list and remove list. [${both.join(', ')}]`,
    )
  }
  const sharedWith = new Set(snapshot.sharedWith)
  for (const value of request.add ?? []) {
    if (value !== 'all' && !/^\d{12}$/.test(value)) {
      throw new AwsError('InvalidParameterValue', `Invalid value ${value} for ValuesToAdd: an account id or all.`)
    }
    sharedWith.add(value)
  }
  for (const value of request.remove ?? []) sharedWith.delete(value)
  if (sharedWith.has('all') && snapshot.kmsKeyId !== undefined) {
    throw new AwsError('InvalidParameterValue', 'An encrypted snapshot cannot be shared with all accounts.')
  }
  if (sharedWith.size > MOST_ACCOUNTS) {
    throw new AwsError(
      'SharedSnapshotQuotaExceeded',
      `Cannot share a snapshot with more than ${MOST_ACCOUNTS} accounts`,
    )
  }
  snapshot.sharedWith = [...sharedWith]
  return attributesAnswer(kind, snapshot)
}

function find(account: Account, kind: SnapshotKind, call: Call, action: string, identifier: string): Snapshot {
  authorizeSnapshot(kind, call, action, account, identifier)
  const snapshot = account.snapshot(kind, call.region, identifier)
  if (snapshot === undefined) throw kind.notFound(identifier)
  return snapshot
}

function attributesAnswer(kind: SnapshotKind, snapshot: Snapshot): Output {
  return {
    [`${kind.noun}AttributesResult`]: {
      [`${kind.noun}Identifier`]: snapshot.identifier,
      [`${kind.noun}Attributes`]: new XmlList(`${kind.noun}Attribute`, [
        { AttributeName: 'restore', AttributeValues: new XmlList('AttributeValue', snapshot.sharedWith) },
      ]),
    },
  }
}
