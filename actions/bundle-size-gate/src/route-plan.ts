import { existsSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { ActionError } from '@deploy-kit/core/errors'
import type { Inputs } from './inputs.ts'
import type { LinePlan } from './measurement.ts'

const USUAL_FOLDER = '.next'

/**
 * A line for each route of the Next.js build, if there is one.
 *
 * @throws {ActionError} `bad-input` when routes are asked for and there is no build; see also readRoutes
 */
export async function planRoutes(inputs: Inputs, workspace: string): Promise<LinePlan[]> {
  const directory = await findBuild(inputs, workspace)
  if (directory === undefined) return []
  const bytes = inputs.routeBudget
  // Most runs measure no Next.js build.
  const { readRoutes } = await import('./next-routes.ts')
  return (await readRoutes(workspace, directory)).map(({ name, chunks }): LinePlan => {
    return {
      name,
      compression: inputs.compression,
      source: { kind: 'listed', paths: chunks },
      ...(bytes !== undefined && { budget: { bytes, rule: 'route-budget' } }),
    }
  })
}

async function findBuild(inputs: Inputs, workspace: string): Promise<string | undefined> {
  if (inputs.nextDir !== undefined) return relative(workspace, resolve(workspace, inputs.nextDir)).split(sep).join('/')
  if (existsSync(join(workspace, USUAL_FOLDER))) {
    const { isNextBuild } = await import('./next-routes.ts')
    if (await isNextBuild(workspace, USUAL_FOLDER)) return USUAL_FOLDER
  }
  if (inputs.routeBudget === undefined) return undefined
  throw new ActionError(
    'bad-input',
    `route-budget: there is no Next.js build in ${USUAL_FOLDER}, so there are no routes`,
    {
      advice: 'Build before this step, or say in next-dir where the build is.',
    },
  )
}
