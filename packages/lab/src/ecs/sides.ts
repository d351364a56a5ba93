import type { Deployment, DeploymentStrategy, Side } from './deployment.ts'

/** The one that gets the most requests; of several, the last that is known to be good. */
export function serving(deployments: readonly Deployment[]): Deployment | undefined {
  return deployments.toSorted(
    (a, b) => b.productionWeight - a.productionWeight || Number(b.completed) - Number(a.completed),
  )[0]
}

/** A green revision gets the target group that blue does not have; rolling deployments stay where they are. */
export function sideOf(strategy: DeploymentStrategy, blue: Deployment | undefined): Side {
  const side = blue?.side ?? 'first'
  if (strategy === 'ROLLING' || blue === undefined) return side
  return side === 'first' ? 'alternate' : 'first'
}
