/**
 * Part of `npx --yes pnpm@12 soak`: hundreds of the seeds of actions/ecs-run-migration/src/faults.test.ts, then the released
 * migration killed at every one of its requests, then its documented job rehearsed. Ends at the first that breaks a rule.
 *
 *   node packages/e2e/src/soak/ecs-run-migration.ts [seeds = 500] [first seed = 1]
 */
import { hold, holdSeeds } from './held-tests.ts'

const [seeds = 500, first = 1] = process.argv.slice(2).map(Number)
const startedAt = performance.now()
holdSeeds('ecs-run-migration', 'actions/ecs-run-migration/src/faults.test.ts', { first, seeds, seedsALab: 100 })
hold('ecs-run-migration', 'a SIGKILL at every request', 'packages/e2e/src/migration-killed.test.ts')
hold('ecs-run-migration', 'the documented job, rehearsed', 'packages/e2e/src/migration-recipe.test.ts')
const minutes = (performance.now() - startedAt) / 60_000
console.log(
  `ecs-run-migration: ${seeds} seeds in ${minutes.toFixed(1)} min: no migration ran twice, no verdict was wrong.`,
)
