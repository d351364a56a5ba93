import { RDSClient } from '@aws-sdk/client-rds'
import { type ActionContext, defineAction, type Verdict } from '@deploy-kit/core/action'
import { AwsCaller } from '@deploy-kit/core/aws/aws-caller'
import { type AwsClientConfig, createAwsClientConfig } from '@deploy-kit/core/aws/aws-client'
import { Deadline } from '@deploy-kit/core/deadline'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import manifest from '../action.yml'
import { createClusterApi } from './cluster-api.ts'
import { planSnapshot } from './dry-run.ts'
import { finishSnapshot } from './finish.ts'
import { checkTogether, fields, type Inputs } from './inputs.ts'
import { createInstanceApi } from './instance-api.ts'
import { recordSnapshot } from './outputs.ts'
import { pruneSnapshots } from './pruning.ts'
import { ourTags } from './rds-tags.ts'
import { findRecoveryPoint, takeRecoveryPoint } from './recovery-point.ts'
import { defaultIdentifier, identifierProblem } from './snapshot-name.ts'
import { type Database, type Snapshot, SnapshotSource } from './snapshot-source.ts'

export const action = defineAction({ name: 'rds-snapshot', manifest, fields, check: checkTogether, main: takeSnapshot })

async function takeSnapshot(inputs: Inputs, context: ActionContext): Promise<Verdict> {
  const deadline = new Deadline(inputs.timeout, context.clock)
  const config = createAwsClientConfig(inputs, context)
  const caller = new AwsCaller({ deadline, signal: context.signal, clock: context.clock, log: context.log })
  const progress: { snapshot?: Snapshot } = {}
  try {
    const { source, database } = await findDatabase(inputs, config, caller, context)
    const identifier = chooseIdentifier(inputs, source, database, context)
    const found = await findRecoveryPoint({ source, database, identifier })
    checkCopy(inputs, found?.encrypted ?? database.encrypted)
    if (inputs.dryRun) return await planSnapshot({ inputs, source, database, identifier, found }, context)
    const prune = (): Promise<readonly string[]> =>
      pruneSnapshots(source, { inputs, database, newIdentifier: identifier }, context)
    const order = {
      source,
      database,
      identifier,
      tags: ourTags(context.run, inputs.tags),
      inputs,
      deadline,
      makeRoom: async () => (await prune()).length,
    }
    const point = found ? { snapshot: found, created: false } : await takeRecoveryPoint(order, context)
    progress.snapshot = point.snapshot
    context.setOutput('created', point.created)
    recordSnapshot(point.snapshot, source.type, context)
    context.log.info(
      point.created
        ? `Requested snapshot ${identifier} of ${source.type} ${database.identifier}.`
        : `Snapshot ${identifier} is there already, from this run or an earlier attempt; adopting it.`,
    )
    const copyTarget =
      inputs.copyToRegion === undefined
        ? undefined
        : {
            region: inputs.copyToRegion,
            source: connect(source.type, { ...config, region: inputs.copyToRegion }, caller),
          }
    return await finishSnapshot({ inputs, source, point, deadline, copyTarget, prune }, context)
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error
    return cancelled(progress.snapshot)
  } finally {
    context.setOutput('elapsed-ms', Math.round(deadline.elapsedMs()))
  }
}

function connect(type: 'instance' | 'cluster', config: AwsClientConfig, caller: AwsCaller): SnapshotSource {
  const client = new RDSClient(config)
  return new SnapshotSource(type === 'instance' ? createInstanceApi(client) : createClusterApi(client), caller)
}

async function findDatabase(
  inputs: Inputs,
  config: AwsClientConfig,
  caller: AwsCaller,
  context: ActionContext,
): Promise<{ source: SnapshotSource; database: Database }> {
  const clusters = (): SnapshotSource => connect('cluster', config, caller)
  if (inputs.dbClusterIdentifier !== undefined) {
    const source = clusters()
    return { source, database: await source.describeDatabase(inputs.dbClusterIdentifier) }
  }
  const source = connect('instance', config, caller)
  const instance = await source.describeDatabase(inputs.dbInstanceIdentifier ?? '')
  if (instance.clusterIdentifier === undefined) return { source, database: instance }
  context.log.info(
    `Instance ${instance.identifier} is a member of cluster ${instance.clusterIdentifier}; the cluster is snapshotted.`,
  )
  const cluster = clusters()
  return { source: cluster, database: await cluster.describeDatabase(instance.clusterIdentifier) }
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
function checkCopy(inputs: Inputs, encrypted: boolean): void {
  if (inputs.copyToRegion === undefined || !encrypted || inputs.kmsKeyId !== undefined) return
  throw new ActionError(
    'bad-input',
    `kms-key-id: is required, because the database is encrypted and is to be copied to ${inputs.copyToRegion}`,
    {
      advice: `Give a KMS key of ${inputs.copyToRegion}. Nothing was changed.`,
    },
  )
}

function cancelled(snapshot: Snapshot | undefined): Verdict {
  const state = snapshot
    ? `Snapshot ${snapshot.identifier} goes on in AWS (last seen ${snapshot.status}); running the job again adopts it.`
    : 'No snapshot had been requested.'
  return { conclusion: 'cancelled', headline: `Cancelled. ${state}`, summary: '' }
}
