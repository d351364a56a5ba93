import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'rolldown'

/**
 * The version that is being built: a release's (DEPLOY_KIT_VERSION, which `release` sets for the build and for the
 * tests of what it has built), else undefined.
 *
 * @throws Error if it is no version
 */
export function releaseVersion(): string | undefined {
  const version = process.env.DEPLOY_KIT_VERSION
  if (version && !/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`DEPLOY_KIT_VERSION is no version: ${version}`)
  return version || undefined
}

/** Makes `import packageFile from '../package.json'` give the release's version: sources do not carry it. */
export function versionPlugin(actionFolder: string, version: string): Plugin {
  const own = join(actionFolder, 'package.json')
  return {
    name: 'deploy-kit:version',
    load: {
      filter: { id: /[\\/]package\.json$/ },
      async handler(id) {
        if (join(id) !== own) return undefined
        return { code: JSON.stringify({ ...JSON.parse(await readFile(id, 'utf8')), version }), moduleType: 'json' }
      },
    },
  }
}
