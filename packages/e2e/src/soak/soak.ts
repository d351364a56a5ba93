/**
 * `npx --yes pnpm@12 soak [action] [seeds] [first seed]`: what takes too long for every test run. Without an action all of them,
 * one after the other, each with as many seeds as it says of itself.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const ACTIONS = ['rds-snapshot', 'ecs-run-migration', 'auto-rollback']

const [chosen, ...seeds] = process.argv.slice(2)
if (chosen !== undefined && !ACTIONS.includes(chosen)) {
  console.error(`There is no soak of ${chosen}; there is one of ${ACTIONS.join(', ')}.`)
  process.exit(1)
}
for (const action of chosen === undefined ? ACTIONS : [chosen]) {
  const program = join(import.meta.dirname, `${action}.ts`)
  const { status } = spawnSync(process.execPath, [program, ...seeds], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}
