import { createHash } from 'node:crypto'
import type { Target } from './target.ts'
import type { TargetGroup } from './target-group.ts'

export interface WeightedTargetGroup {
  readonly group: TargetGroup
  /** 0 to 999 in AWS; here a percentage, fractions included. */
  readonly weight: number
}

/** A listener's rule that forwards to target groups by weight. (ForwardActionConfig) */
export class ListenerRule {
  readonly arn: string
  readonly listenerArn: string
  #forwards: readonly WeightedTargetGroup[]
  /** How far each group is behind its share. */
  readonly #owed = new Map<TargetGroup, number>()

  constructor(loadBalancerArn: string, listener: string, forwards: readonly WeightedTargetGroup[]) {
    const id = (what: string) =>
      createHash('sha256').update(`${what} ${listener} ${loadBalancerArn}`).digest('hex').slice(0, 16)
    this.listenerArn = `${loadBalancerArn.replace(':loadbalancer/', ':listener/')}/${id('listener')}`
    this.arn = `${this.listenerArn.replace(':listener/', ':listener-rule/')}/${id('rule')}`
    this.#forwards = forwards
  }

  get forwards(): readonly WeightedTargetGroup[] {
    return this.#forwards
  }

  weightOf(group: TargetGroup): number {
    return this.#forwards.find((forward) => forward.group === group)?.weight ?? 0
  }

  /** Like ModifyRule; connections that are open stay where they are. */
  forward(forwards: readonly WeightedTargetGroup[]): void {
    this.#forwards = forwards
    this.#owed.clear()
  }

  /**
   * The next target. Of a hundred requests each group gets its share, as evenly spread as can be. A group without
   * targets keeps its share: a load balancer does not fail over from one group of a rule to another. (Listener rules
   * for your Application Load Balancer, forward actions)
   */
  next(): Target | undefined {
    const weighted = this.#forwards.filter(({ weight }) => weight > 0)
    const total = weighted.reduce((sum, { weight }) => sum + weight, 0)
    for (const { group, weight } of weighted) this.#owed.set(group, (this.#owed.get(group) ?? 0) + weight)
    const [chosen] = weighted.toSorted((a, b) => this.#owed.get(b.group)! - this.#owed.get(a.group)!)
    if (chosen === undefined) return undefined
    this.#owed.set(chosen.group, this.#owed.get(chosen.group)! - total)
    return chosen.group.next()
  }
}
