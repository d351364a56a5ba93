import type { TargetGroup } from '../balancer/target-group.ts'
import type { Deployment, ServiceTarget } from './deployment.ts'
import type { ManagedService } from './managed-service.ts'
import type { Task } from './task.ts'
import type { TaskTraffic } from './task-life.ts'

/** Registers a service's tasks with its target groups, and takes them out before they stop. */
export function serviceTraffic(
  service: ManagedService,
  deployment: Deployment,
  targetGroup: (arn: string) => TargetGroup | undefined,
): TaskTraffic {
  const { targets } = deployment
  return {
    register(task) {
      for (const target of targets) {
        const port = portOf(task, target)
        const group = targetGroup(target.targetGroupArn)
        if (port === undefined || group === undefined) continue
        const { containerPort } = target
        group.register({ id: task.plan.address, port: containerPort, address: { host: '127.0.0.1', port } })
        service.events.registeredTarget(group.arn)
      }
    },
    async deregister(task) {
      await Promise.all(
        targets.map(async ({ targetGroupArn, containerPort }) => {
          const group = targetGroup(targetGroupArn)
          if (group === undefined || group.healthOf(task.plan.address, containerPort).state === 'unused') return
          const drained = group.deregister(task.plan.address, containerPort)
          service.events.deregisteredTarget(targetGroupArn)
          service.events.beganDraining(deployment.id)
          await drained
        }),
      )
    },
  }
}

function portOf(task: Task, { containerName }: ServiceTarget): number | undefined {
  return task.containers.find(({ name }) => name === containerName)?.port
}
