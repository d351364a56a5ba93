/**
 * Part of `npx --yes pnpm@12 soak`: hundreds of the seeds of actions/ecs-run-migration/src/faults.test.ts, then the released
 * migration killed at every one of its requests, then its documented job rehearsed. Ends at the first that breaks a rule.
 *
 *   node packages/e2e/src/soak/ecs-run-migration.ts [seeds = 500] [first seed = 1]
 */
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A lab of its own for so many seeds: its stopped tasks pile up, and every run reads them. */
const SEEDS_A_LAB = 100

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const vitest = join(dirname(createRequire(join(root, 'package.json')).resolve('vitest/package.json')), 'vitest.mjs')
const [seeds = 500, first = 1] = process.argv.slice(2).map(Number)

function hold(what: string, file: string, more: Readonly<Record<string, string>>): void {
  const env = { ...process.env, SOAK: '1', ...more }
  const args = [vitest, 'run', '--root', root, file]
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) {
    console.error(`ecs-run-migration: ${what} broke a rule; see above.`)
    process.exit(1)
  }
  console.log(`ecs-run-migration: ${what} held.`)
}

const startedAt = performance.now()
for (let seed = first; seed < first + seeds; seed += SEEDS_A_LAB) {
  const count = Math.min(SEEDS_A_LAB, first + seeds - seed)
  const range = { SOAK_FIRST_SEED: String(seed), SOAK_SEEDS: String(count) }
  hold(`seeds ${seed} to ${seed + count - 1}`, 'actions/ecs-run-migration/src/faults.test.ts', range)
}
hold('a SIGKILL at every request', 'packages/e2e/src/migration-killed.test.ts', {})
hold('the documented job, rehearsed', 'packages/e2e/src/migration-recipe.test.ts', {})
const minutes = (performance.now() - startedAt) / 60_000
console.log(
  `ecs-run-migration: ${seeds} seeds in ${minutes.toFixed(1)} min: no migration ran twice, no verdict was wrong.`,
)
