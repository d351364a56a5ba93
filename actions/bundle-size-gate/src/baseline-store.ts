import { resolve } from 'node:path'
import type { ActionContext } from '@deploy-kit/core/action'
import type { Baseline, GateRecord } from './baseline.ts'
import { readBaselineFile, writeBaselineFile } from './baseline-file.ts'
import type { Inputs } from './inputs.ts'
import type { Measurement } from './measurement.ts'
import type { Trigger } from './trigger.ts'

/** Where baselines are kept. Reading never fails: what cannot be read counts as missing, and the reason is said. */
export interface BaselineStore {
  read(current: Measurement): Promise<Baseline>
  /** Says where it went. @throws {Error} when it could not be written */
  write(gate: GateRecord): Promise<string>
}

/** Undefined with `baseline: none`. */
export function openBaselineStore(
  inputs: Inputs,
  options: { key: string; workspace: string; trigger: Trigger; context: ActionContext },
): BaselineStore | undefined {
  if (inputs.baseline === 'none') return undefined
  if (inputs.baseline === 'file') return fileStore(inputs.baselineFile ?? '', options)
  return { read: async () => ({ missing: 'baseline: branch is not available yet' }), write: async () => 'nowhere' }
}

function fileStore(shown: string, { key, workspace }: { key: string; workspace: string }): BaselineStore {
  const path = resolve(workspace, shown)
  return {
    read: (current) => readBaselineFile(path, shown, key, current),
    async write(gate) {
      await writeBaselineFile(path, gate)
      return shown
    },
  }
}
