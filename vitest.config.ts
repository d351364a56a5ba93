import { defineConfig } from 'vitest/config'
import { manifestPlugin } from './packages/release/src/manifest-plugin.ts'

export default defineConfig({
  plugins: [manifestPlugin()],
  test: {
    include: ['packages/*/src/**/*.test.ts', 'actions/*/src/**/*.test.ts'],
    // Tests start real processes and servers on machines that are busy with other tests.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What is polled for comes when the machine gets to it; a test that fails may take its time.
    expect: { poll: { timeout: 20_000 } },
    // Most of a test's time is spent waiting for what it started, so more of them than cores make sense.
    maxWorkers: 3,
  },
})
