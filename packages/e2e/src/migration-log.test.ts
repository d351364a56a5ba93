import { startLab } from '@deploy-kit/lab/lab'
import { smallWorld } from '@deploy-kit/lab/testing/small-world'
import { expect, test } from 'vitest'
import { runReleased } from './released-run.ts'

test('a log that is larger than the memory of the process is printed whole', async () => {
  await using lab = await startLab({ world: smallWorld(['ledger']), timeScale: 0.005, throttling: false })
  const script = 'for (let line = 0; line < 200; line++) console.log(String(line).padEnd(256000, "x"))'
  const run = await runReleased(
    'ecs-run-migration',
    { cluster: 'small', service: 'ledger', command: JSON.stringify(['node', '-e', script]), interval: '200ms' },
    { environment: { ...lab.environment, GITHUB_RUN_ID: '1', NODE_OPTIONS: '--max-old-space-size=48' } },
  )
  expect(run.exitCode, run.log.slice(-2000)).toBe(0)
  const lines = run.log.split('\n').filter((line) => line.length === 256_000)
  expect(lines.map((line) => Number.parseInt(line, 10))).toEqual(Array.from({ length: 200 }, (_, line) => line))
})
