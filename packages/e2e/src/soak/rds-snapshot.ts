/**
 * Part of `npx --yes pnpm@12 soak`: thousands of the seeds of actions/rds-snapshot/src/faults.test.ts, each a run (or a
 * cancelled one and its repetition) with faults at every call. Ends at the first seed that breaks a rule, and names it.
 *
 *   node packages/e2e/src/soak/rds-snapshot.ts [seeds = 3000] [first seed = 1]
 */
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A lab of its own for so many seeds, so that its snapshots do not pile up. */
const SEEDS_A_LAB = 500

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const vitest = join(dirname(createRequire(join(root, 'package.json')).resolve('vitest/package.json')), 'vitest.mjs')
const [seeds = 3000, first = 1] = process.argv.slice(2).map(Number)

const startedAt = performance.now()
for (let seed = first; seed < first + seeds; seed += SEEDS_A_LAB) {
  const count = Math.min(SEEDS_A_LAB, first + seeds - seed)
  const env = { ...process.env, SOAK_FIRST_SEED: String(seed), SOAK_SEEDS: String(count) }
  const args = [vitest, 'run', '--root', root, 'actions/rds-snapshot/src/faults.test.ts']
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) {
    console.error(`rds-snapshot: one of the seeds ${seed} to ${seed + count - 1} broke a rule; see above.`)
    process.exit(1)
  }
  console.log(`rds-snapshot: seeds ${seed} to ${seed + count - 1} held.`)
}
const minutes = (performance.now() - startedAt) / 60_000
console.log(
  `rds-snapshot: ${seeds} seeds in ${minutes.toFixed(1)} min: one snapshot each, right verdicts, nobody else’s touched.`,
)
