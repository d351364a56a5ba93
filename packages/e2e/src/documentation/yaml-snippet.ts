import { parse } from 'yaml'
import type { ActionUse } from './action-use.ts'

/** What a YAML snippet holds; that says how it is checked. */
export interface YamlSnippet {
  /** A whole workflow, or the snippet's steps in the plainest one that can be around them; undefined for inputs alone. */
  readonly workflow: string | undefined
  readonly uses: readonly ActionUse[]
  /** What a shell runs: of the steps, and of inputs such as rollback-command. */
  readonly scripts: readonly string[]
}

/**
 * @param pagesAction the action that the page is about: what is neither a workflow nor steps is inputs of it
 * @throws Error when it is not YAML, or none of these
 */
export function readYamlSnippet(text: string, pagesAction: string | undefined): YamlSnippet {
  const data: unknown = parse(text)
  if (Array.isArray(data))
    return readWorkflow(`on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n${indent(text)}`)
  if (isRecord(data) && isRecord(data.jobs)) return readWorkflow('on' in data ? text : `on: push\n${text}`)
  if (!isRecord(data) || pagesAction === undefined)
    throw new Error('It is no workflow, no list of steps, and the page is not about one action')
  const uses = [{ action: pagesAction, id: undefined, inputs: textsOf(data), isPart: true }]
  return { workflow: undefined, uses, scripts: commandsOf(uses) }
}

function readWorkflow(workflow: string): YamlSnippet {
  const { jobs } = parse(workflow) as { jobs: Record<string, { steps?: readonly Record<string, unknown>[] }> }
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? [])
  const uses = steps.flatMap(({ id, uses, with: inputs }) => {
    const [, action] = /^[\w.-]+\/deploy-kit\/([\w-]+)@/.exec(String(uses ?? '')) ?? []
    if (action === undefined) return []
    return [{ action, id: id === undefined ? undefined : String(id), inputs: textsOf(inputs), isPart: false }]
  })
  const runs = steps.flatMap(({ run }) => (typeof run === 'string' ? [run] : []))
  return { workflow, uses, scripts: [...runs, ...commandsOf(uses)] }
}

function commandsOf(uses: readonly ActionUse[]): readonly string[] {
  return uses.flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([name, text]) => (name.endsWith('-command') ? [text] : [])),
  )
}

function textsOf(inputs: unknown): Record<string, string> {
  const entries = isRecord(inputs) ? Object.entries(inputs) : []
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]),
  )
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '      ')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
