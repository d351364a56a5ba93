import type { Deployment, Service } from '@aws-sdk/client-ecs'
import * as v from 'valibot'

const ecsBaselineSchema = v.strictObject({
  version: v.literal(1),
  kind: v.literal('ecs'),
  cluster: v.pipe(v.string(), v.nonEmpty()),
  capturedAt: v.pipe(v.string(), v.isoTimestamp('is not a time')),
  services: v.pipe(
    v.array(
      v.strictObject({
        service: v.pipe(v.string(), v.nonEmpty()),
        taskDefinition: v.pipe(v.string(), v.nonEmpty()),
        deploymentId: v.string(),
        steady: v.boolean(),
      }),
    ),
    v.minLength(1, 'there must be at least one service'),
    v.check(
      (entries) => new Set(entries.map((entry) => entry.service)).size === entries.length,
      'a service is there twice',
    ),
  ),
})

/** What ran before a deployment: the output `baseline` of ecs-deploy and auto-rollback. */
export type EcsBaseline = v.InferOutput<typeof ecsBaselineSchema>

/** One service in it: the revision to go back to, and the deployment that ran it when it was captured. */
export type ServiceBaseline = EcsBaseline['services'][number]

export { ecsBaselineSchema }

export function captureBaseline(
  cluster: string,
  services: ReadonlyMap<string, Service>,
  capturedAt: Date,
): EcsBaseline {
  return {
    version: 1,
    kind: 'ecs',
    cluster,
    capturedAt: capturedAt.toISOString(),
    services: [...services].map(([name, service]) => captureService(name, service)),
  }
}

/**
 * The deployment to go back to: the primary one if it has completed, else an older one that has. One that is in
 * flight or has failed is remembered only when there is nothing better, and then is not `steady`.
 */
function captureService(name: string, service: Service): ServiceBaseline {
  const deployments = service.deployments ?? []
  const primary = primaryDeployment(service)
  const isSteady = (deployment: Deployment): boolean =>
    deployment.rolloutState === 'COMPLETED' || (deployment.rolloutState === undefined && deployments.length === 1)
  const best = [primary, ...deployments].find((deployment) => deployment !== undefined && isSteady(deployment))
  const chosen = best ?? primary
  return {
    service: name,
    taskDefinition: chosen?.taskDefinition ?? service.taskDefinition ?? '',
    deploymentId: primary?.id ?? '',
    steady: best !== undefined,
  }
}

export function primaryDeployment(service: Service): Deployment | undefined {
  return service.deployments?.find((deployment) => deployment.status === 'PRIMARY')
}
