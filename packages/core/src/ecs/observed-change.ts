import type { Service } from '@aws-sdk/client-ecs'
import { findServiceDeployment, hasNativeStrategy, judgeServiceDeployment } from './native-strategy.ts'
import type { RolloutOptions } from './rollout.ts'
import { type Change, judgeRollout, type Progress } from './rollout-progress.ts'
import { describeServiceDeployments, ifAnsweredSoon } from './service-deployments.ts'

/** ECS answers of before a change for a moment; after so many looks it is asked otherwise. */
const UNSEEN_LOOKS = 2

/** How a change stands, look by look: by the service, and by its service deployment where the service does not say it. */
export class ObservedChange {
  readonly #change: Change
  readonly #options: Pick<RolloutOptions, 'ecs' | 'cluster' | 'context' | 'deadline'>
  #serviceDeployment: string | undefined
  #seen = false
  #looksUnseen = 0

  constructor(change: Change, options: Pick<RolloutOptions, 'ecs' | 'cluster' | 'context' | 'deadline'>) {
    this.#change = change
    this.#options = options
  }

  /**
   * @param description what DescribeServices answers now
   * @param hasTasks tasks of the deployment were seen, so that it is there
   */
  async judge(description: Service | undefined, hasTasks: boolean): Promise<Progress> {
    if (description?.status === 'ACTIVE' && hasNativeStrategy(description)) return await this.#judgeByDeployment()
    const change = this.#change
    this.#seen ||= isListed(description, change) || hasTasks
    const progress = judgeRollout(description, change, this.#seen || (await this.#wasGivenUp(description)))
    if (progress.kind !== 'failed') return progress
    // What the circuit breaker or an alarm did stands in the service deployment alone.
    const deployment = await this.#findSoon()
    const reasons = [progress.state, deployment?.statusReason ?? ''].map(withoutStop).filter((reason) => reason !== '')
    return { ...progress, state: reasons.length === 0 ? 'ECS gave it up and does not say why' : reasons.join('. ') }
  }

  async #judgeByDeployment(): Promise<Progress> {
    const { ecs, cluster } = this.#options
    // Found once, it is known by its ARN.
    const known = this.#change.reverts ?? this.#serviceDeployment
    const deployment =
      known === undefined
        ? await findServiceDeployment(ecs, cluster, this.#change)
        : (await describeServiceDeployments(ecs, [known]))[0]
    this.#serviceDeployment = deployment?.serviceDeploymentArn
    return judgeServiceDeployment(deployment, this.#change.reverts !== undefined)
  }

  /**
   * A deployment that is in no answer is not there yet, or is gone again: with answers few and far between, ECS may have
   * given it up before the first of them came.
   */
  async #wasGivenUp(description: Service | undefined): Promise<boolean> {
    if (this.#change.deploymentId === undefined || description?.status !== 'ACTIVE') return false
    this.#looksUnseen += 1
    if (this.#looksUnseen <= UNSEEN_LOOKS) return false
    const status = (await this.#findSoon())?.status
    // One that has succeeded is there: then it is the answer that is old.
    return status !== undefined && !['PENDING', 'IN_PROGRESS', 'SUCCESSFUL'].includes(status)
  }

  #findSoon() {
    const { ecs, cluster, context, deadline } = this.#options
    return ifAnsweredSoon(ecs, { signal: context.signal, deadline }, (soon) =>
      findServiceDeployment(soon, cluster, this.#change),
    )
  }
}

function isListed(service: Service | undefined, change: Change): boolean {
  return service?.deployments?.some((deployment) => deployment.id === change.deploymentId) ?? false
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '')
}
