import type { ActionContext } from '@deploy-kit/core/action'
import type { TaskDefinitionInput } from '@deploy-kit/core/ecs/task-definition'
import { isTaskDefinitionFile, readTaskDefinitionFile } from '@deploy-kit/core/ecs/task-definition-file'
import { ActionError } from '@deploy-kit/core/errors'
import type { Inputs } from './inputs.ts'

/** Task definitions that were read from files, by the text that named them. */
export type DefinitionFiles = ReadonlyMap<string, TaskDefinitionInput>

/**
 * Reads the files that inputs name as task definitions.
 *
 * @throws {ActionError} bad-input with every problem of every file
 */
export async function readDefinitionFiles(inputs: Inputs, context: ActionContext): Promise<DefinitionFiles> {
  const given = [inputs.taskDefinition, ...inputs.services.map((order) => order.taskDefinition)]
  const files = new Set(given.filter((name) => name !== undefined).filter(isTaskDefinitionFile))
  const definitions = new Map<string, TaskDefinitionInput>()
  const problems: ActionError[] = []
  for (const file of files) {
    try {
      definitions.set(file, await readTaskDefinitionFile(file, context.environment.GITHUB_WORKSPACE))
    } catch (error) {
      if (!(error instanceof ActionError)) throw error
      problems.push(error)
    }
  }
  const [first] = problems
  if (first === undefined) return definitions
  throw new ActionError('bad-input', problems.map((problem) => problem.message).join('\n'), { advice: first.advice })
}
