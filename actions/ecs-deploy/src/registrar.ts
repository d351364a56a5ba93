import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import type { TaskDefinition } from '@deploy-kit/core/ecs/task-definition'
import { isSameTaskDefinition } from '@deploy-kit/core/ecs/task-definition-equality'
import { registerTaskDefinition } from '@deploy-kit/core/ecs/task-definition-registry'
import type { ServicePlan } from './deploy-plan.ts'

/** Registers what has to be registered: once, also when several services shall run the same. */
export class Registrar {
  readonly #ecs: Ecs
  readonly #registered: TaskDefinition[] = []

  constructor(ecs: Ecs) {
    this.#ecs = ecs
  }

  async ensure(plan: ServicePlan): Promise<TaskDefinition> {
    if (plan.revision !== undefined) return plan.revision
    const same = this.#registered.find((definition) => isSameTaskDefinition(definition.input, plan.wanted))
    if (same !== undefined) return same
    const definition = await registerTaskDefinition(this.#ecs, plan.wanted)
    // What was asked for is what it is compared by: ECS answers with defaults filled in.
    this.#registered.push({ ...definition, input: plan.wanted })
    return definition
  }

  has(arn: string): boolean {
    return this.#registered.some((definition) => definition.arn === arn)
  }
}
