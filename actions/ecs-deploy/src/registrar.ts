import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import type { TaskDefinition, TaskDefinitionInput } from '@deploy-kit/core/ecs/task-definition'
import { isSameTaskDefinition } from '@deploy-kit/core/ecs/task-definition-equality'
import { registerTaskDefinition } from '@deploy-kit/core/ecs/task-definition-registry'
import type { ServicePlan } from './deploy-plan.ts'

/** Registers what has to be registered: once, also when several services shall run the same. */
export class Registrar {
  readonly #ecs: Ecs
  readonly #requested: { readonly wanted: TaskDefinitionInput; readonly definition: Promise<TaskDefinition> }[] = []
  readonly #arns = new Set<string>()

  constructor(ecs: Ecs) {
    this.#ecs = ecs
  }

  async ensure(plan: ServicePlan): Promise<TaskDefinition> {
    const { revision, wanted } = plan
    if (revision !== undefined) return revision
    const same = this.#requested.find((request) => isSameTaskDefinition(request.wanted, wanted))
    if (same !== undefined) return await same.definition
    const definition = registerTaskDefinition(this.#ecs, wanted)
    this.#requested.push({ wanted, definition })
    this.#arns.add((await definition).arn)
    return await definition
  }

  has(arn: string): boolean {
    return this.#arns.has(arn)
  }
}
