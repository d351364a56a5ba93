import { AwsError, type Call, type Input, type Operation, type Output } from '../service.ts'
import type { Account } from './account.ts'
import { snapshotAnswer } from './answers.ts'
import { checkIdentifier } from './identifiers.ts'
import { authorizeSnapshot, authorizeTagsOnCreate, requestKeys, snapshotKeys } from './permissions.ts'
import { flag, readRequest, requiredText, tags, text } from './request.ts'
import { arnOf, parseArn, type Snapshot } from './resources.ts'
import type { SnapshotKind } from './snapshot-kind.ts'
import { copySnapshot, isBeingMade } from './snapshot-lifecycle.ts'

/** Copying snapshots of one kind; the region that is asked is the one that the copy is made in. */
export function copyOperations(account: Account, kind: SnapshotKind): Readonly<Record<string, Operation>> {
  return { [`Copy${kind.noun}`]: (input, call) => copy(account, kind, input, call) }
}

function copy(account: Account, kind: SnapshotKind, input: Input, call: Call): Output {
  const request = readRequest(`Copy${kind.noun}`, input, {
    source: [`Source${kind.noun}Identifier`, requiredText],
    target: [`Target${kind.noun}Identifier`, requiredText],
    kmsKeyId: ['KmsKeyId', text],
    copyTags: ['CopyTags', flag],
    tags: ['Tags', tags],
    // For GovCloud; "ignored in other Amazon Web Services Regions". The CLI and the SDKs send them on their own.
    preSignedUrl: ['PreSignedUrl', text],
    sourceRegion: ['SourceRegion', text],
    destinationRegion: ['DestinationRegion', text],
  })
  const identifier = checkIdentifier(request.target, `Target${kind.noun}Identifier`, kind.longestIdentifier)
  const { region } = call
  const source = findSource(account, kind, region, request.source)
  call.authorize(`rds:Copy${kind.noun}`, source.arn, {
    ...(source.snapshot ? snapshotKeys(kind, source.snapshot) : {}),
    ...requestKeys(request.tags),
  })
  authorizeSnapshot(kind, call, `rds:Copy${kind.noun}`, account, identifier, request.tags)
  const arn = arnOf(account.context, region, kind.arnType, identifier)
  const original = source.snapshot
  // "Tags are never merged. Instead, AWS uses either the provided Tags value or the tags of the original snapshot":
  // https://github.com/getmoto/moto/pull/8320
  const copiedTags = request.tags.size === 0 && request.copyTags && original ? original.tags : request.tags
  authorizeTagsOnCreate(call, arn, copiedTags)

  if (original === undefined) throw kind.notFound(request.source)
  if (account.snapshot(kind, region, identifier)) throw kind.alreadyExists(identifier)
  if (original.status !== 'available') {
    throw kind.invalidState(`Cannot copy ${original.identifier} because it is not currently in the available state.`)
  }
  const kmsKeyId = keyOfCopy(account, kind, original, region, request.kmsKeyId)
  account.checkSnapshotQuota(kind, region)
  checkCopiesUnderWay(account, kind, original, region)
  const made: Snapshot = {
    kind: kind.of,
    identifier,
    arn,
    region,
    type: 'manual',
    source: original.source,
    status: 'creating',
    percentProgress: 0,
    requestedAt: new Date(),
    createdAt: undefined,
    originalCreatedAt: undefined,
    kmsKeyId,
    tags: copiedTags,
    sharedWith: [],
    copyOf: original.arn,
    data: undefined,
  }
  account.addSnapshot(made)
  copySnapshot(account, original, made)
  return { [kind.noun]: snapshotAnswer(account, made) }
}

/** "If the source snapshot is in a different Amazon Web Services Region than the copy, specify a valid DB snapshot ARN." */
function findSource(account: Account, kind: SnapshotKind, region: string, given: string) {
  const parsed = parseArn(given)
  if (parsed === undefined) {
    return {
      arn: arnOf(account.context, region, kind.arnType, given.toLowerCase()),
      snapshot: account.snapshot(kind, region, given),
    }
  }
  const own = parsed.accountId === account.context.accountId && parsed.type === kind.arnType
  return { arn: given, snapshot: own ? account.snapshot(kind, parsed.region, parsed.name) : undefined }
}

/**
 * The key that the copy is encrypted with.
 * @throws AwsError as in https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBSnapshot.html (KmsKeyId)
 */
function keyOfCopy(
  account: Account,
  kind: SnapshotKind,
  original: Snapshot,
  region: string,
  given: string | undefined,
): string | undefined {
  if (original.kmsKeyId === undefined && given !== undefined && kind.of === 'cluster') {
    throw new AwsError(
      'InvalidParameterCombination',
      'KmsKeyId cannot be specified for the copy of a DB cluster snapshot that is not encrypted.',
    )
  }
  if (given !== undefined) return account.kmsKeys.find(given, region)
  if (original.kmsKeyId !== undefined && original.region !== region) {
    throw new AwsError('InvalidParameterValue', 'Must specify new KMS key for cross region encrypted snapshot copy.')
  }
  return original.kmsKeyId
}

function checkCopiesUnderWay(account: Account, kind: SnapshotKind, original: Snapshot, region: string): void {
  if (original.region === region) return
  const underWay = account
    .snapshots(kind, region)
    .filter(
      (snapshot) => isBeingMade(snapshot) && snapshot.copyOf !== undefined && !snapshot.copyOf.includes(`:${region}:`),
    )
  const most = account.quotas.crossRegionCopies
  if (underWay.length >= most) {
    throw new AwsError('SnapshotQuotaExceeded', `Cannot copy more than ${most} snapshots across regions`)
  }
}
