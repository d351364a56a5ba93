import type { TargetGroup } from '../balancer/target-group.ts'
import type { Deployment, ServiceLoadBalancer } from './deployment.ts'
import type { ManagedService } from './managed-service.ts'
import type { Task } from './task.ts'
import type { TaskTraffic } from './task-life.ts'

/** Registers a service's tasks with its target groups, and takes them out before they stop. */
export function serviceTraffic(
  service: ManagedService,
  deployment: Deployment,
  targetGroup: (arn: string) => TargetGroup | undefined,
): TaskTraffic {
  const { loadBalancers } = deployment.settings
  return {
    register(task) {
      for (const loadBalancer of loadBalancers) {
        const port = portOf(task, loadBalancer)
        const group = targetGroup(loadBalancer.targetGroupArn)
        if (port === undefined || group === undefined) continue
        const { containerPort } = loadBalancer
        group.register({ id: task.plan.address, port: containerPort, address: { host: '127.0.0.1', port } })
        service.events.registeredTarget(group.arn)
      }
    },
    async deregister(task) {
      await Promise.all(
        loadBalancers.map(async ({ targetGroupArn, containerPort }) => {
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

function portOf(task: Task, { containerName }: ServiceLoadBalancer): number | undefined {
  return task.containers.find(({ name }) => name === containerName)?.port
}
