import { resolve } from 'node:path'
import { type ActionManifest, findActionFile, readActionManifest } from './action-manifest.ts'
import { actionName, parseActionReference } from './action-reference.ts'
import type { Frame } from './job-state.ts'
import type { Run } from './run.ts'
import type { StepPlan } from './workflow-plan.ts'

/** One step's use of an action, from its pre to its post. */
export interface ActionUse {
  readonly plan: StepPlan
  readonly source: UseSource
  /** What the action saves for its later phases: STATE_… */
  readonly state: Map<string, string>
  /** For a composite action: its steps that use actions, as far as they could be prepared. */
  readonly nested: Map<StepPlan, ActionUse>
  /** Whose post is to run when the composite action's does: in reverse order. */
  readonly posts: ActionUse[]
  /** Where a composite action's steps run; the same for all its phases. */
  frame?: Frame
}

export type UseSource =
  | { readonly kind: 'skipped' }
  | {
      readonly kind: 'action'
      readonly manifest: ActionManifest
      readonly directory: string
      /** `action_path`, `action_repository`, `action_ref`. */
      readonly github: Readonly<Record<string, string>>
      readonly isStandIn: boolean
      /** What the rehearsal tells its own stand-ins, and nobody else. */
      readonly variables: Readonly<Record<string, string>>
    }

/** GitHub's own limit for composite actions that use composite actions. */
const maxDepth = 10

/**
 * Finds the action of a step. Local actions lie in the workspace, so that they can only be found when their step runs.
 * @throws Error or Refusal when there is no such action, or it is one that cannot be run
 */
export async function prepareUse(run: Run, plan: StepPlan, workspace: string, depth = 1): Promise<ActionUse> {
  if (plan.work.kind !== 'uses') throw new TypeError(`Step ${plan.actionName} uses no action`)
  if (depth > maxDepth) throw new Error(`Composite action depth exceeded max depth ${maxDepth}`)
  const source = await findSource(run, plan.work.uses.value, workspace)
  const use: ActionUse = { plan, source, state: new Map(), nested: new Map(), posts: [] }
  if (source.kind === 'skipped' || source.manifest.runs.kind === 'node') return use
  for (const step of source.manifest.runs.steps)
    if (isPreparable(step)) use.nested.set(step, await prepareUse(run, step, workspace, depth + 1))
  return use
}

/** Actions of other repositories are fetched before the first step; local ones are there only after a checkout. */
export function isPreparable(step: StepPlan): boolean {
  return step.work.kind === 'uses' && parseActionReference(step.work.uses.value)?.kind === 'remote'
}

async function findSource(run: Run, uses: string, workspace: string): Promise<UseSource> {
  const reference = parseActionReference(uses)
  if (reference === undefined || reference.kind === 'docker')
    throw new Error(`The rehearsal cannot run '${uses}': it is no action of a repository or a local folder`)
  if (reference.kind === 'local') return localSource(resolve(workspace, reference.path))
  const found = await run.actions.find(reference)
  if (found.kind === 'unknown') throw new Error(found.message)
  if (found.notice !== undefined) run.notice(found.notice)
  if (found.kind === 'skipped') return found
  const file = findActionFile(found.directory)
  if (file === undefined) throw new Error(`There is no action.yml in ${found.directory}`)
  return {
    kind: 'action',
    manifest: await readActionManifest(file, `${actionName(reference)}/action.yml`),
    directory: found.directory,
    github: { action_path: found.directory, action_repository: reference.repository, action_ref: reference.ref },
    isStandIn: found.isStandIn,
    variables: found.isStandIn ? standInVariables(run) : {},
  }
}

async function localSource(directory: string): Promise<UseSource> {
  const file = findActionFile(directory)
  if (file === undefined)
    throw new Error(
      `Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '${directory}'. Did you forget to run actions/checkout before running your local action?`,
    )
  const github = { action_path: directory, action_repository: '', action_ref: '' }
  return {
    kind: 'action',
    manifest: await readActionManifest(file),
    directory,
    github,
    isStandIn: false,
    variables: {},
  }
}

function standInVariables({ server, repository }: Run): Record<string, string> {
  return {
    REHEARSAL_GIT_SERVER: server?.directory ?? '',
    REHEARSAL_REPOSITORY: repository.root,
    REHEARSAL_DEFAULT_BRANCH: repository.defaultBranch,
  }
}

/** Whether something of the action runs before the job's first step. */
export function hasPre(use: ActionUse): boolean {
  if (use.source.kind === 'skipped') return false
  const { runs } = use.source.manifest
  return runs.kind === 'node' ? runs.pre !== undefined : [...use.nested.values()].some(hasPre)
}

/** Whether something of the action is to run after the job's last step, as far as is known by now. */
export function hasPost(use: ActionUse): boolean {
  if (use.source.kind === 'skipped') return false
  const { runs } = use.source.manifest
  return runs.kind === 'node' ? runs.post !== undefined : use.posts.length > 0
}
