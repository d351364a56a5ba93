import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileProvider } from '@actions/workflow-parser/workflows/file-provider'
import { problemAt, Refusal } from './refusal.ts'
import { planWorkflow } from './workflow-file.ts'
import type { WorkflowPlan } from './workflow-plan.ts'

/** A workflow and those that it calls, as they lie in the work tree. */
export interface WorkflowSet {
  readonly main: WorkflowPlan
  /** By what stands behind `uses`: `./.github/workflows/deploy.yml`. */
  readonly called: ReadonlyMap<string, WorkflowPlan>
  /** The text of all of them. */
  readonly text: string
}

/** GitHub's own limit. @see https://docs.github.com/actions/reference/workflows-and-actions/reusing-workflow-configurations */
const maxDepth = 10

/** @throws Refusal with what GitHub would refuse in the first file that has something */
export async function readWorkflows(root: string, path: string): Promise<WorkflowSet> {
  const called = new Map<string, WorkflowPlan>()
  const texts: string[] = []
  const files: FileProvider = {
    getFileContent: async (reference) => {
      if ('repository' in reference) throw new Error('It lies in another repository')
      return { name: reference.path, content: await readFile(join(root, reference.path), 'utf8') }
    },
  }
  const read = async (file: string, depth: number): Promise<WorkflowPlan> => {
    const content = await readFile(join(root, file), 'utf8')
    texts.push(content)
    const plan = await planWorkflow(file, content)
    const calls = plan.jobs.flatMap(({ body }) => (body.kind === 'call' ? [body] : []))
    for (const body of calls) {
      if (called.has(body.uses.value)) continue
      const refuse = (message: string) => new Refusal([problemAt(file, body.uses, message)])
      if (!body.uses.value.startsWith('./'))
        throw refuse(`The rehearsal can call only workflows of the same repository, not ${body.uses.value}`)
      if (depth === maxDepth) throw refuse(`Workflows call each other more than ${maxDepth} deep`)
      const calledFile = body.uses.value.slice(2)
      if (!existsSync(join(root, calledFile))) throw refuse(`There is no workflow ${calledFile}`)
      called.set(body.uses.value, await read(calledFile, depth + 1))
    }
    return calls.length === 0 ? plan : await planWorkflow(file, content, files)
  }
  return { main: await read(path, 1), called, text: texts.join('\n') }
}
