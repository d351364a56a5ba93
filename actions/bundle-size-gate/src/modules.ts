import type { ActionContext } from '@deploy-kit/core/action'
import type { GateRecord } from './baseline.ts'
import type { NamedChange } from './comparison.ts'
import type { Measurement } from './measurement.ts'
import type { ModuleSizes } from './module-sizes.ts'
import { plural } from './report-text.ts'

const MOST_PROBLEMS = 5

/** Measures modules when `source-maps` asks for it; what reads source maps is loaded only then. */
export async function findModules(
  asked: boolean,
  measurement: Measurement,
  workspace: string,
  context: ActionContext,
): Promise<ModuleSizes | undefined> {
  if (!asked) return undefined
  const { measureModules } = await import('./module-sizes.ts')
  const paths = measurement.files.map((file) => file.path)
  const modules = await measureModules(paths, workspace, context.signal)
  for (const problem of modules.problems.slice(0, MOST_PROBLEMS)) context.log.warning(problem)
  if (modules.problems.length > MOST_PROBLEMS)
    context.log.warning(`… and ${plural(modules.problems.length - MOST_PROBLEMS, 'more source map')} cannot be used.`)
  if (modules.unmapped > 0) {
    const which = plural(modules.unmapped, 'file')
    context.log.info(`source-maps: ${which} of scripts and styles without a source map; their modules are not known.`)
  }
  return modules
}

/** Modules that are new, gone or of another size; undefined when one of the two runs did not look into source maps. */
export function compareModules(gate: GateRecord, current: ModuleSizes | undefined): NamedChange[] | undefined {
  const { modules: before } = gate
  if (!before || !current) return undefined
  const names = new Set([...Object.keys(before), ...Object.keys(current.bytes)])
  return [...names]
    .map((name): NamedChange => {
      const [beforeBytes, afterBytes] = [before[name], current.bytes[name]]
      return {
        name,
        ...(beforeBytes !== undefined && { beforeBytes }),
        ...(afterBytes !== undefined && { afterBytes }),
      }
    })
    .filter((module) => module.beforeBytes !== module.afterBytes)
}
