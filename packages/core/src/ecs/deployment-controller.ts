import type { Service } from '@aws-sdk/client-ecs'

/** Why UpdateService cannot give a service another task definition. */
export interface ForeignController {
  /** Follows the service's name: "has the deployment controller CODE_DEPLOY: …". */
  readonly problem: string
  /** What to use in its place, as a sentence. */
  readonly instead: string
}

/**
 * Undefined for a service that ECS itself deploys. "… with a CODE_DEPLOY deployment controller … only the desired count,
 * deployment configuration, health check grace period, … can be updated"; with EXTERNAL "create a new task set" (ECS API,
 * UpdateService).
 */
export function findForeignController({ deploymentController }: Service): ForeignController | undefined {
  const type = deploymentController?.type ?? 'ECS'
  if (type === 'ECS') return undefined
  return {
    problem: `has the deployment controller ${type}: UpdateService cannot give it another task definition`,
    instead:
      type === 'CODE_DEPLOY'
        ? 'Use AWS CodeDeploy for it (aws ecs deploy; aws deploy stop-deployment --auto-rollback-enabled), or move the service to the ECS controller, which has blue/green, linear and canary strategies of its own.'
        : 'Use the controller that makes its task sets (CreateTaskSet, UpdateServicePrimaryTaskSet).',
  }
}
