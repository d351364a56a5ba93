import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ProcessKeeper } from '@deploy-kit/lab/process-keeper'
import { Refusal } from '@deploy-kit/lab/rehearsal/refusal'
import { checkWorkflow } from '@deploy-kit/lab/rehearsal/run-workflow'
import { parse } from 'yaml'
import { repository } from './page.ts'

/** What GitHub can do and a rehearsal cannot: no reason to keep it out of a page. */
const beyondRehearsal = /has service containers|runs in a container|The job runs on (windows|macos)/

/** What GitHub would refuse in a workflow, with line and column. */
export async function findWorkflowProblems(workflow: string, keeper: ProcessKeeper): Promise<readonly string[]> {
  const root = await mkdtemp(join(tmpdir(), 'deploy-kit-docs-'))
  const workflowFile = join(root, '.github/workflows/snippet.yml')
  try {
    await mkdir(dirname(workflowFile), { recursive: true })
    await writeFile(workflowFile, workflow)
    await checkWorkflow({
      workflowFile,
      inputs: startInputsOf(workflow),
      // Only action.yml is looked at: there is nothing to build.
      releaseTree: async () => join(repository, 'actions'),
      skippedActions: othersIn(workflow),
      keeper,
    })
    return []
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return error.message.split('\n').filter((message) => !beyondRehearsal.test(message))
  } finally {
    await rm(root, { recursive: true })
  }
}

/** The actions that are not deploy-kit's: `actions/setup-node`. */
function othersIn(workflow: string): readonly string[] {
  const names = [...workflow.matchAll(/uses: ([\w.-]+\/[\w./-]+)@/g)].map(([, name = '']) => name)
  return names.filter((name) => name.split('/')[1] !== 'deploy-kit')
}

interface StartInput {
  readonly required?: boolean
  readonly default?: unknown
  readonly type?: string
  readonly options?: readonly string[]
}

/** Inputs without which a run cannot be started by hand, with values that can be. */
function startInputsOf(workflow: string): Record<string, string> {
  const { on } = parse(workflow) as { on: string | { workflow_dispatch?: { inputs?: Record<string, StartInput> } } }
  const inputs = typeof on === 'string' ? {} : (on.workflow_dispatch?.inputs ?? {})
  const asked = Object.entries(inputs).filter(([, input]) => input.required && input.default === undefined)
  return Object.fromEntries(
    asked.map(([name, { options, type }]) => [name, options?.[0] ?? (type === 'number' ? '1' : 'x')]),
  )
}
