import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileProvider } from '@actions/workflow-parser/workflows/file-provider'
import { repositoryFolder } from '@deploy-kit/release/action-folder'
import type { PublishedActions } from './published-actions.ts'
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

/** Where a workflow file lies, and what messages call it. */
interface Place {
  readonly root: string
  readonly path: string
  readonly name: string
}

/**
 * @param published deploy-kit's repository, for its workflows; undefined: they are taken from this work tree
 * @throws Refusal with what GitHub would refuse in the first file that has something
 */
export async function readWorkflows(
  root: string,
  path: string,
  published: PublishedActions | undefined,
): Promise<WorkflowSet> {
  const called = new Map<string, WorkflowPlan>()
  const texts: string[] = []
  const read = async (place: Place, depth: number): Promise<WorkflowPlan> => {
    const content = await readFile(join(place.root, place.path), 'utf8')
    texts.push(content)
    const plan = await planWorkflow(place.name, content)
    const calls = plan.jobs.flatMap(({ body }) => (body.kind === 'call' ? [body] : []))
    for (const body of calls) {
      if (called.has(body.uses.value)) continue
      const refuse = (message: string) => new Refusal([problemAt(place.name, body.uses, message)])
      const target = await findPlace(body.uses.value, place, published)
      if (typeof target === 'string') throw refuse(target)
      if (depth === maxDepth) throw refuse(`Workflows call each other more than ${maxDepth} deep`)
      if (!existsSync(join(target.root, target.path))) throw refuse(`There is no workflow ${target.name}`)
      called.set(body.uses.value, await read(target, depth + 1))
    }
    return calls.length === 0 ? plan : await planWorkflow(place.name, content, filesBeside(place, published))
  }
  return { main: await read({ root, path, name: path }, 1), called, text: texts.join('\n') }
}

/**
 * A local workflow lies in the repository of its caller; deploy-kit's own lie on its main branch, which this work tree
 * stands for. @returns a sentence when it is nowhere
 */
async function findPlace(
  uses: string,
  caller: Place,
  published: PublishedActions | undefined,
): Promise<Place | string> {
  if (uses.startsWith('./')) return { root: caller.root, path: uses.slice(2), name: uses.slice(2) }
  const [, repository, path, ref] = /^([\w.-]+\/deploy-kit)\/(\.github\/workflows\/[^/@]+)@(.+)/.exec(uses) ?? []
  if (path === undefined || ref === undefined)
    return `The rehearsal can call only workflows of the same repository and of deploy-kit, not ${uses}`
  const name = `${repository}/${path}`
  if (/^v\d+(\.\d+){0,2}$/.test(ref))
    return `There is no ${path} at ${ref}: a release of deploy-kit has its actions only. Name a commit of its main branch, such as the one that the release says it was built from (Source-Commit)`
  if (published === undefined) return { root: repositoryFolder, path, name }
  const tree = await published(ref)
  return tree.kind === 'missing' ? tree.message : { root: tree.directory, path, name }
}

/** Gives the parser the called workflows, so that it can check what they are given. */
function filesBeside(caller: Place, published: PublishedActions | undefined): FileProvider {
  return {
    getFileContent: async (reference) => {
      const uses =
        'repository' in reference
          ? `${reference.owner}/${reference.repository}/${reference.path}@${reference.version}`
          : `./${reference.path}`
      const place = await findPlace(uses, caller, published)
      if (typeof place === 'string') throw new Error(place)
      return { name: reference.path, content: await readFile(join(place.root, place.path), 'utf8') }
    },
  }
}
