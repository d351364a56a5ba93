import { resolve } from 'node:path'
import type { ActionContext } from '@deploy-kit/core/action'
import type { Baseline, GateRecord } from './baseline.ts'
import type { GitHubAccess } from './github-access.ts'
import type { Inputs } from './inputs.ts'
import type { Measurement } from './measurement.ts'
import { temporaryFolderOf } from './report-file.ts'
import type { Trigger } from './trigger.ts'

/** Where baselines are kept. Reading never fails: what cannot be read counts as missing, and the reason is said. */
export interface BaselineStore {
  read(current: Measurement): Promise<Baseline>
  /** Says where it went. @throws {Error} when it could not be written */
  write(gate: GateRecord): Promise<string>
}

export interface StoreOptions {
  /** The gate's key: what it measured is kept beside what others did. */
  readonly key: string
  readonly workspace: string
  readonly trigger: Trigger
  readonly github: GitHubAccess
  readonly context: ActionContext
}

/** Undefined with `baseline: none`. Each kind of store is loaded when it is used, so that no run loads both. */
export function openBaselineStore(inputs: Inputs, options: StoreOptions): BaselineStore | undefined {
  if (inputs.baseline === 'none') return undefined
  if (inputs.baseline === 'file') return fileStore(inputs.baselineFile ?? '', options)
  return branchStore(inputs.baselineBranch, options)
}

function branchStore(branch: string, options: StoreOptions): BaselineStore {
  const { key, trigger, github, context } = options
  if ('unavailable' in github) {
    return {
      read: async () => ({ missing: `the branch ${branch} cannot be read: ${github.unavailable}` }),
      write: () => Promise.reject(new Error(`${github.unavailable}. It takes a token with \`contents: write\`.`)),
    }
  }
  return {
    async read(current) {
      const { readBaselineBranch } = await import('./baseline-branch.ts')
      return readBaselineBranch(branch, key, current, { trigger, github })
    },
    async write(gate) {
      const { writeBaselineBranch } = await import('./baseline-branch.ts')
      await writeBaselineBranch(branch, gate, { github, date: context.clock.date() })
      return `the branch ${branch}`
    },
  }
}

function fileStore(shown: string, { key, workspace, context }: StoreOptions): BaselineStore {
  const path = resolve(workspace, shown)
  const temporaryFolder = temporaryFolderOf(context.environment)
  return {
    async read(current) {
      const { readBaselineFile } = await import('./baseline-file.ts')
      return readBaselineFile(path, shown, key, current)
    },
    async write(gate) {
      const { writeBaselineFile } = await import('./baseline-file.ts')
      await writeBaselineFile(path, gate, temporaryFolder)
      return shown
    },
  }
}
