/**
 * Part of `npx --yes pnpm@12 soak`: thousands of the seeds of actions/rds-snapshot/src/faults.test.ts, each a run (or a
 * cancelled one and its repetition) with faults at every call. Ends at the first seed that breaks a rule, and names it.
 *
 *   node packages/e2e/src/soak/rds-snapshot.ts [seeds = 3000] [first seed = 1]
 */
import { holdSeeds } from './held-tests.ts'

const [seeds = 3000, first = 1] = process.argv.slice(2).map(Number)
const startedAt = performance.now()
holdSeeds('rds-snapshot', 'actions/rds-snapshot/src/faults.test.ts', { first, seeds, seedsALab: 500 })
const minutes = (performance.now() - startedAt) / 60_000
console.log(
  `rds-snapshot: ${seeds} seeds in ${minutes.toFixed(1)} min: one snapshot each, right verdicts, nobody else’s touched.`,
)
