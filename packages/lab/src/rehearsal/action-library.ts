import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findActionFile } from './action-manifest.ts'
import { type ActionReference, actionName } from './action-reference.ts'
import type { PublishedActions } from './published-actions.ts'

/** Where an action from another repository comes from in a rehearsal. */
export type ActionSource =
  | {
      readonly kind: 'folder'
      readonly directory: string
      readonly notice: string | undefined
      readonly isStandIn: boolean
      /** Inputs that a stand-in does not have, unless they are empty or false. */
      readonly unsupported: readonly string[]
    }
  | { readonly kind: 'skipped'; readonly notice: string }
  | { readonly kind: 'unknown'; readonly message: string }

export interface ActionLibrary {
  find(reference: Extract<ActionReference, { kind: 'remote' }>): Promise<ActionSource>
}

/** Actions that this package stands in for, since what they do concerns the machine or the network. */
const standIns: Readonly<
  Record<string, { readonly folder: string; readonly notice: string; readonly unsupported: readonly string[] }>
> = {
  'actions/checkout': {
    folder: 'checkout',
    notice: 'actions/checkout is stood in for: it gives the files of the local repository, as committed',
    unsupported: ['repository', 'submodules', 'lfs', 'sparse-checkout', 'filter'],
  },
  'aws-actions/configure-aws-credentials': {
    folder: 'configure-aws-credentials',
    notice: 'aws-actions/configure-aws-credentials is stood in for: it gives credentials of the lab, not of AWS',
    unsupported: [
      ...['aws-profile', 'http-proxy', 'inline-session-policy', 'managed-session-policies', 'role-chaining'],
      ...['role-external-id', 'web-identity-token-file'],
    ],
  },
}

export interface LibraryOptions {
  /** deploy-kit's releases; undefined: what this work tree gives, whatever ref a workflow names. */
  readonly published: PublishedActions | undefined
  readonly releaseTree: (() => Promise<string>) | undefined
  readonly folders: Readonly<Record<string, string>>
  readonly skipped: readonly string[]
}

export function createActionLibrary(options: LibraryOptions): ActionLibrary {
  let tree: Promise<string> | undefined
  const releaseTree = options.releaseTree && (() => (tree ??= options.releaseTree!()))
  return {
    async find(reference) {
      const name = actionName(reference)
      if ([name, reference.repository].some((key) => options.skipped.includes(key)))
        return {
          kind: 'skipped',
          notice: `${name} is skipped, as --skip-action says: its steps succeed and do nothing`,
        }
      const mapped = options.folders[name]
      if (mapped !== undefined) return folderOf(mapped, `${name} is taken from ${mapped}, as --action says`, name)
      const repository = options.folders[reference.repository]
      if (repository !== undefined) {
        const directory = join(repository, reference.path)
        return folderOf(directory, `${name} is taken from ${directory}, as --action says`, name)
      }
      const standIn = standIns[name.toLowerCase()]
      if (standIn !== undefined)
        return {
          kind: 'folder',
          directory: standInFolder(standIn.folder),
          notice: standIn.notice,
          isStandIn: true,
          unsupported: standIn.unsupported,
        }
      if (reference.repository.endsWith('/deploy-kit')) {
        const { published } = options
        return published ? publishedAction(reference, published) : ownAction(reference.path, releaseTree)
      }
      return {
        kind: 'unknown',
        message:
          `The rehearsal does not know the action ${name}; take it from a local folder with --action ${name}=<folder>, ` +
          `or leave it out with --skip-action ${name}`,
      }
    },
  }
}

function folderOf(directory: string, notice: string, name: string): ActionSource {
  if (findActionFile(directory) !== undefined)
    return { kind: 'folder', directory, notice, isStandIn: false, unsupported: [] }
  return { kind: 'unknown', message: `There is no action.yml in ${directory}, the folder given for ${name}` }
}

/** deploy-kit's own actions, as released: the bundle that users run. */
async function ownAction(path: string, releaseTree: LibraryOptions['releaseTree']): Promise<ActionSource> {
  const tree = await releaseTree?.()
  if (tree === undefined) return { kind: 'unknown', message: 'There is no release tree to take deploy-kit from' }
  return actionIn(tree, path, undefined)
}

/** deploy-kit's own actions at the ref that the workflow names. */
async function publishedAction(
  reference: Extract<ActionReference, { kind: 'remote' }>,
  published: PublishedActions,
): Promise<ActionSource> {
  const tree = await published(reference.ref)
  if (tree.kind === 'missing') return { kind: 'unknown', message: tree.message }
  const notice = `${actionName(reference)}@${reference.ref} is ${tree.commit}, as --actions-from says`
  return actionIn(tree.directory, reference.path, notice)
}

function actionIn(tree: string, path: string, notice: string | undefined): ActionSource {
  const directory = join(tree, path)
  if (path !== '' && findActionFile(directory) !== undefined)
    return { kind: 'folder', directory, notice, isStandIn: false, unsupported: [] }
  const names = readdirSync(tree).filter((name) => findActionFile(join(tree, name)) !== undefined)
  return { kind: 'unknown', message: `deploy-kit has no action '${path}'; its actions are ${names.join(', ')}` }
}

function standInFolder(name: string): string {
  return fileURLToPath(new URL(`stand-ins/${name}`, import.meta.url))
}
