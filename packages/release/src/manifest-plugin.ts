import type { Plugin } from 'rolldown'
import { type ActionFile, readActionFile } from './action-file.ts'

/**
 * Makes `import manifest from '../action.yml'` give the action's manifest, in the bundler and in vitest alike.
 *
 * Only what the code reads goes into a bundle: descriptions are for people, who find them in action.yml and the README.
 */
export function manifestPlugin(): Plugin {
  return {
    name: 'deploy-kit:manifest',
    load: {
      filter: { id: /[\\/]action\.yml$/ },
      async handler(id) {
        this.addWatchFile(id)
        return { code: `export default ${JSON.stringify(toManifest(await readActionFile(id)))}`, moduleType: 'js' }
      },
    },
  }
}

/** The part of an action.yml that the code of an action works with (`ActionManifest` of packages/core). */
export function toManifest(file: ActionFile): object {
  const inputs = Object.entries(file.inputs).map(([name, { required, default: value }]) => {
    return [name, { ...(required && { required }), ...(value && { default: value }) }] as const
  })
  const outputs = Object.keys(file.outputs).map((name) => [name, {}] as const)
  return { name: file.name, inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) }
}
