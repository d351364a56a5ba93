import type { Service } from '@aws-sdk/client-ecs'
import type { ActionContext } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import type { EcsBaseline, ServiceBaseline } from '@deploy-kit/core/ecs/baseline'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import { type JobDeployment, readJobDeployments } from '@deploy-kit/core/ecs/job-record'
import { shortName } from '@deploy-kit/core/ecs/names'
import {
  ifAnsweredSoon,
  listServiceDeployments,
  readRevisionDefinitions,
} from '@deploy-kit/core/ecs/service-deployments'
import { describeServices } from '@deploy-kit/core/ecs/services'
import { type Decision, decide } from './situation.ts'

/** A service as it was found, and what is to be done about it. */
export interface JudgedService {
  readonly baseline: ServiceBaseline
  readonly service: Service | undefined
  readonly decision: Decision
}

export interface Restoring {
  readonly baseline: EcsBaseline
  /** Somebody named the version to go back to. */
  readonly explicit: boolean
  readonly dryRun: boolean
  readonly everyMs: number
  readonly ecs: Ecs
  readonly deadline: Deadline
  readonly context: ActionContext
}

/** What ECS says of the deployments since the baseline was captured. */
interface History {
  /** Other revisions than the baseline's were deployed. */
  readonly hasOthers: boolean
  /** The other revision that the newest one brings or has brought, unless it was given up. */
  readonly newest: string | undefined
}

/** ECS shows a service as it was before a change for a moment; what has to be restored waits for so many looks more. */
const MORE_LOOKS = 4
const LOOK_AGAIN_MS = 1000

/** Judges one service against its baseline, by what ECS shows and by what this job and ECS say was deployed since. */
export async function judgeService(
  entry: ServiceBaseline,
  service: Service | undefined,
  restoring: Restoring,
  looksLeft = MORE_LOOKS,
): Promise<JudgedService> {
  const { baseline, context, deadline, ecs, everyMs, explicit } = restoring
  const own = explicit ? [] : await readJobDeployments(context, service?.serviceArn ?? '')
  const situation = { baseline: entry, service, own, explicit }
  const first = decide({ ...situation, deployedSince: undefined })
  // In these two the answer depends on what has come and gone since. Other services do not wait for it long.
  const depends = !explicit && (first.kind === 'not-needed' || first.kind === 'already-rolled-back')
  if (!depends) return { baseline: entry, service, decision: first }
  const history = await ifAnsweredSoon(ecs, { signal: context.signal, deadline }, (soon) =>
    readHistory(entry, baseline, soon),
  )
  const decision = decide({ ...situation, deployedSince: history?.hasOthers })
  const isOld = decision.kind === 'already-rolled-back' && !decision.inProgress && history?.newest !== undefined
  if (!isOld) return { baseline: entry, service, decision }
  if (looksLeft === 0) return { baseline: entry, service, decision: decideUnseen(entry, history.newest, own) }
  await context.clock.sleep(Math.min(LOOK_AGAIN_MS, everyMs), context.signal)
  const again = await describeServices(ecs, baseline.cluster, [entry.service])
  return await judgeService(entry, again.get(entry.service), restoring, looksLeft - 1)
}

/** ECS has deployed something, and never shows it. */
function decideUnseen(entry: ServiceBaseline, newest: string, own: readonly JobDeployment[]): Decision {
  const isOurs = own.length === 0 || own.some(({ taskDefinition }) => taskDefinition === newest)
  if (!isOurs) return { kind: 'superseded', why: `somebody else deployed ${shortName(newest)} since` }
  const why = `${shortName(newest)} was deployed, although ECS still shows ${shortName(entry.taskDefinition)}`
  return { kind: 'restore', why, inFlight: false }
}

async function readHistory(entry: ServiceBaseline, baseline: EcsBaseline, ecs: Ecs): Promise<History> {
  const deployments = await listServiceDeployments(
    ecs,
    { cluster: baseline.cluster, service: entry.service, createdAfter: new Date(baseline.capturedAt) },
    20,
  )
  const revisions = deployments.flatMap((deployment) => deployment.targetServiceRevisionArn ?? [])
  const definitions = await readRevisionDefinitions(ecs, revisions)
  const [newest] = deployments
  const isGivenUp = !['PENDING', 'IN_PROGRESS', 'SUCCESSFUL'].includes(newest?.status ?? '')
  const definition = definitions.get(newest?.targetServiceRevisionArn ?? '')
  return {
    hasOthers: [...definitions.values()].some((one) => one !== entry.taskDefinition),
    newest: isGivenUp || definition === entry.taskDefinition ? undefined : definition,
  }
}
