/**
 * Part of `npx --yes pnpm@12 soak`: hundreds of the seeds of actions/auto-rollback/src/faults.test.ts, which drive ecs-deploy,
 * guard, rollback and clean-up; then a runner that dies in every step of the example's workflow; then more random histories of
 * actions/auto-rollback/src/model.test.ts. Ends at the first that breaks a rule.
 *
 *   node packages/e2e/src/soak/auto-rollback.ts [seeds = 500] [first seed = 1]
 */
import { hold, holdSeeds } from './held-tests.ts'

const HISTORIES = 100

const [seeds = 500, first = 1] = process.argv.slice(2).map(Number)
const startedAt = performance.now()
holdSeeds('auto-rollback', 'actions/auto-rollback/src/faults.test.ts', { first, seeds, seedsALab: 100 })
hold('auto-rollback', 'a runner that dies in every step', 'packages/e2e/src/dead-runner.test.ts')
hold('auto-rollback', `${HISTORIES} histories`, 'actions/auto-rollback/src/model.test.ts', {
  DEPLOY_KIT_HISTORIES: String(HISTORIES),
})
const minutes = (performance.now() - startedAt) / 60_000
console.log(
  `auto-rollback: ${seeds} seeds in ${minutes.toFixed(1)} min: no service was stranded, no outcome was wrong, nobody else’s release was undone.`,
)
