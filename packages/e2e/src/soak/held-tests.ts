import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const vitest = join(dirname(createRequire(join(root, 'package.json')).resolve('vitest/package.json')), 'vitest.mjs')

/** Runs a test file with SOAK set, and ends this process with 1 when one of its tests fails. */
export function hold(action: string, what: string, file: string, more: Readonly<Record<string, string>> = {}): void {
  const env = { ...process.env, SOAK: '1', ...more }
  const args = [vitest, 'run', '--root', root, file]
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) {
    console.error(`${action}: ${what} broke a rule; see above.`)
    process.exit(1)
  }
  console.log(`${action}: ${what} held.`)
}

/** A test file with the seeds from `first` on, so many of them in a lab of their own: what they leave there piles up. */
export function holdSeeds(
  action: string,
  file: string,
  { first, seeds, seedsALab }: { first: number; seeds: number; seedsALab: number },
): void {
  for (let seed = first; seed < first + seeds; seed += seedsALab) {
    const count = Math.min(seedsALab, first + seeds - seed)
    const range = { SOAK_FIRST_SEED: String(seed), SOAK_SEEDS: String(count) }
    hold(action, `seeds ${seed} to ${seed + count - 1}`, file, range)
  }
}
