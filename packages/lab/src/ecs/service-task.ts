import type { Deployment } from './deployment.ts'
import type { ManagedService } from './managed-service.ts'
import { mergeTags, type Tag } from './tags.ts'
import type { TaskRequest } from './tasks.ts'

/** A task of a deployment: "If a task is started by an Amazon ECS service, then the startedBy parameter contains the
 * deployment ID of the service that starts it." (RunTask, startedBy) */
export function planServiceTask(service: ManagedService, deployment: Deployment): TaskRequest {
  const { definition, launch, networkConfiguration } = deployment.settings
  return {
    cluster: service.identity.cluster,
    definition,
    group: `service:${service.identity.name}`,
    startedBy: deployment.id,
    launchType: launch.launchType,
    capacityProvider: launch.capacityProvider,
    platformVersion: launch.platformVersion,
    networkConfiguration,
    overrides: {},
    tags: tagsOf(service, deployment),
    enableExecuteCommand: service.options.enableExecuteCommand,
  }
}

function tagsOf({ options, tags, identity }: ManagedService, { settings }: Deployment): readonly Tag[] {
  const { propagateTags, enableECSManagedTags } = options
  const propagated =
    propagateTags === 'SERVICE' ? tags : propagateTags === 'TASK_DEFINITION' ? settings.definition.tags : []
  if (!enableECSManagedTags) return propagated
  const managed = [
    { key: 'aws:ecs:clusterName', value: identity.cluster.name },
    { key: 'aws:ecs:serviceName', value: identity.name },
  ]
  return mergeTags(propagated, managed)
}
