import { RDSClient } from '@aws-sdk/client-rds'
import { type ActionContext, defineAction, type Verdict } from '@deploy-kit/core/action'
import { AwsCaller } from '@deploy-kit/core/aws/aws-caller'
import { type AwsClientConfig, createAwsClientConfig } from '@deploy-kit/core/aws/aws-client'
import { Deadline } from '@deploy-kit/core/deadline'
import { ActionError } from '@deploy-kit/core/errors'
import { pauseWithin } from '@deploy-kit/core/wait'
import manifest from '../action.yml'
import { createClusterApi } from './cluster-api.ts'
import type { CopyTarget } from './copy.ts'
import { planSnapshot } from './dry-run.ts'
import { finishSnapshot } from './finish.ts'
import { checkRegions, checkTogether, fields, type Inputs } from './inputs.ts'
import { createInstanceApi } from './instance-api.ts'
import { explainInterruption, type Interruptible } from './interruption.ts'
import { recordSnapshot } from './outputs.ts'
import { Pruning } from './pruning.ts'
import { ourTags } from './rds-tags.ts'
import { findRecoveryPoint, takeRecoveryPoint } from './recovery-point.ts'
import type { Database } from './snapshot.ts'
import { defaultIdentifier, identifierProblem } from './snapshot-name.ts'
import { SnapshotSource } from './snapshot-source.ts'

export const action = defineAction({
  name: 'rds-snapshot',
  manifest,
  fields,
  check: checkTogether,
  checkAgainstFiles: checkRegions,
  main: takeSnapshot,
})

/** Connects to one kind of database in one region. */
type Connect = (type: 'instance' | 'cluster', region?: string, caller?: AwsCaller) => SnapshotSource

async function takeSnapshot(given: Inputs, context: ActionContext): Promise<Verdict> {
  const inputs = { ...given, interval: pauseWithin(given.interval, given.timeout) }
  const deadline = new Deadline(inputs.timeout, context.clock)
  const config = await createAwsClientConfig(inputs, context)
  const caller = new AwsCaller({ deadline, signal: context.signal, clock: context.clock, log: context.log })
  const connect = connector(config, caller)
  const progress: Interruptible = { requested: undefined, answerLost: false }
  context.setOutput('pruned', [])
  try {
    return await reachVerdict({ inputs, deadline, connect, progress }, context)
  } catch (error) {
    const type = progress.requested?.type ?? 'instance'
    return await explainInterruption(error, progress, (own) => connect(type, undefined, own), caller, context)
  } finally {
    context.setOutput('elapsed-ms', Math.round(deadline.elapsedMs()))
  }
}

interface Step {
  readonly inputs: Inputs
  readonly deadline: Deadline
  readonly connect: Connect
  readonly progress: Interruptible
}

async function reachVerdict({ inputs, deadline, connect, progress }: Step, context: ActionContext): Promise<Verdict> {
  const { source, database } = await findDatabase(inputs, connect, context)
  const identifier = chooseIdentifier(inputs, source, database, context)
  context.setOutput('snapshot-identifier', identifier)
  context.setOutput('snapshot-type', source.type)
  context.setOutput('engine', database.engine)
  const found = await findRecoveryPoint({ source, database, identifier })
  checkKey(inputs, found?.encrypted ?? database.encrypted)
  const copyTarget = findCopyTarget(inputs, source, connect)
  const rule = { count: inputs.retentionCount, days: inputs.retentionDays }
  const pruning = new Pruning(
    { source, copies: copyTarget?.source, rule, database, newIdentifier: identifier },
    context,
  )
  if (inputs.dryRun) {
    return await planSnapshot({ source, database, identifier, found, copyTarget, pruning }, context)
  }
  const tags = ourTags(context.run, inputs.tags)
  const onRequest = (): void => {
    progress.requested = { type: source.type, identifier }
  }
  const onLostAnswer = (): void => {
    progress.answerLost = true
  }
  const order = { source, database, identifier, tags, inputs, deadline, pruning, onRequest, onLostAnswer }
  const point = found ? { snapshot: found, created: false } : await takeRecoveryPoint(order, context)
  progress.requested = undefined
  context.setOutput('created', point.created)
  recordSnapshot(point.snapshot, source.type, context)
  context.log.info(
    point.created
      ? `Requested snapshot ${identifier} of ${source.type} ${database.identifier}.`
      : `Snapshot ${identifier} is there already, from this run or an earlier one; adopting it.`,
  )
  return await finishSnapshot({ inputs, source, database, point, deadline, copyTarget, pruning }, context)
}

function connector(config: AwsClientConfig, caller: AwsCaller): Connect {
  return (type, region = config.region, own = caller) => {
    const client = new RDSClient({ ...config, region })
    return new SnapshotSource(type === 'instance' ? createInstanceApi(client) : createClusterApi(client), own)
  }
}

async function findDatabase(
  inputs: Inputs,
  connect: Connect,
  context: ActionContext,
): Promise<{ source: SnapshotSource; database: Database }> {
  if (inputs.dbClusterIdentifier !== undefined) {
    const source = connect('cluster')
    return { source, database: await source.describeDatabase(inputs.dbClusterIdentifier) }
  }
  const source = connect('instance')
  const instance = await source.describeDatabase(inputs.dbInstanceIdentifier ?? '')
  if (instance.clusterIdentifier === undefined) return { source, database: instance }
  context.log.info(
    `Instance ${instance.identifier} is a member of cluster ${instance.clusterIdentifier}; the cluster is snapshotted.`,
  )
  const cluster = connect('cluster')
  return { source: cluster, database: await cluster.describeDatabase(instance.clusterIdentifier) }
}

function findCopyTarget(inputs: Inputs, source: SnapshotSource, connect: Connect): CopyTarget | undefined {
  const { copyToRegion: region, kmsKeyId } = inputs
  return region === undefined ? undefined : { region, source: connect(source.type, region), kmsKeyId }
}

function chooseIdentifier(inputs: Inputs, source: SnapshotSource, database: Database, context: ActionContext): string {
  const given = inputs.snapshotIdentifier?.toLowerCase()
  if (given === undefined) {
    // Outside a workflow run there is no run id; the time keeps two runs by hand apart.
    const run =
      context.run.runId === '' ? [String(context.clock.date().getTime())] : [context.run.runId, context.run.runAttempt]
    return defaultIdentifier([inputs.snapshotPrefix, database.identifier, ...run], source.longestIdentifier)
  }
  const problem = identifierProblem(given, source.longestIdentifier)
  if (problem !== undefined) {
    throw new ActionError('bad-input', `snapshot-identifier: ${problem}, the limit for a ${source.type}`, {
      advice: 'Nothing was changed.',
    })
  }
  return given
}

/** AWS copies an encrypted snapshot to another region only with a key of that region. */
function checkKey(inputs: Inputs, encrypted: boolean): void {
  if (inputs.copyToRegion === undefined || !encrypted || inputs.kmsKeyId !== undefined) return
  throw new ActionError(
    'bad-input',
    `kms-key-id: is required, because the database is encrypted and is to be copied to ${inputs.copyToRegion}`,
    { advice: `Give a KMS key of ${inputs.copyToRegion}. Nothing was changed.` },
  )
}
