import { shortName } from '@deploy-kit/core/ecs/names'
import type { ContainerInput } from '@deploy-kit/core/ecs/task-definition'
import { listDifferentContainerMembers, listDifferentMembers } from '@deploy-kit/core/ecs/task-definition-equality'
import type { ServicePlan } from './deploy-plan.ts'

/** One line for people: what happens to the service. */
export function describePlan(plan: ServicePlan): string {
  const target = plan.revision === undefined ? `a new revision of ${plan.wanted.family}` : shortName(plan.revision.arn)
  switch (plan.step.kind) {
    case 'nothing':
      return `${plan.name} runs ${target} already`
    case 'follow':
      return `${plan.name} is being rolled to ${target} already (${plan.step.deploymentId})`
    case 'update':
      return `${plan.name}: from ${shortName(plan.current.arn)} to ${target}`
  }
}

/** What differs between what runs and what is wanted, by name; of values only images are shown. */
export function describeDifference({ current, wanted }: ServicePlan): readonly string[] {
  const before = current.input.containerDefinitions
  const after = wanted.containerDefinitions
  const isIn = (list: readonly ContainerInput[], { name }: ContainerInput): boolean =>
    list.some((container) => container.name === name)
  const others = listDifferentMembers(current.input, wanted)
  return [
    ...after.flatMap((container) => {
      const old = before.find(({ name }) => name === container.name)
      if (old === undefined) return [`container ${container.name} is new (${container.image})`]
      const members = listDifferentContainerMembers(current.input, wanted, container.name)
      return describeContainer(old, container, members).map((line) => `${container.name}: ${line}`)
    }),
    ...before.filter((container) => !isIn(after, container)).map(({ name }) => `container ${name} is removed`),
    ...(others.length > 0 ? [`the task definition: changes ${others.join(', ')}`] : []),
  ]
}

function describeContainer(before: ContainerInput, after: ContainerInput, members: readonly string[]): string[] {
  const [old, now] = [before, after].map(
    ({ environment = [] }) => new Map(environment.map(({ name, value }) => [name, value])),
  ) as [Map<string, string>, Map<string, string>]
  const set = [...now].filter(([name, value]) => old.get(name) !== value).map(([name]) => name)
  const removed = [...old.keys()].filter((name) => !now.has(name))
  const others = members.filter((member) => member !== 'image' && member !== 'environment')
  return [
    ...(before.image !== after.image ? [`image ${before.image} becomes ${after.image}`] : []),
    ...(set.length > 0 ? [`sets ${set.join(', ')}`] : []),
    ...(removed.length > 0 ? [`removes ${removed.join(', ')}`] : []),
    ...(others.length > 0 ? [`changes ${others.join(', ')}`] : []),
  ]
}
