import { type Clock, systemClock } from '@deploy-kit/core/clock'
import { expect, test } from 'vitest'
import { createWorkspace } from './testing/workspace.ts'

const options = { files: 'dist/*', compression: 'none', baseline: 'none' }
const environment = { PATH: process.env.PATH ?? '' }

test('the build runs first, in the workspace, by the shell, and its output goes to the log', async () => {
  await using workspace = await createWorkspace()
  const command = 'mkdir dist && printf 12345 > dist/a.js && echo "::set-output name=passed::true" && echo done'
  const run = await workspace.run({ ...options, 'build-command': command }, environment)
  expect(run.exitCode).toBe(0)
  expect(run.outputs.total).toBe('5')
  const at = run.log.indexOf('::set-output name=passed::true')
  expect(run.log[at - 1]).toMatch(/^::stop-commands::/)
  expect(run.log).toContain('done')
})

test('a build that fails ends the step with its exit code, and nothing is measured', async () => {
  await using workspace = await createWorkspace({ 'dist/stale.js': 'x' })
  const run = await workspace.run({ ...options, 'build-command': 'echo broken >&2; exit 7' }, environment)
  expect(run.exitCode).toBe(1)
  expect(run.annotations[0]?.message).toMatch(
    /^The build-command 'echo broken >&2; exit 7' exited with 7\. Nothing was measured\./,
  )
  expect(run.outputs).toEqual({})
})

test('our token is in no variable of the build, under whatever name', async () => {
  await using workspace = await createWorkspace()
  const token = 'ghs_secret_of_this_job'
  const run = await workspace.run(
    { ...options, 'github-token': token, 'build-command': 'mkdir dist && env > dist/environment' },
    {
      ...environment,
      GITHUB_TOKEN: token,
      NPM_AUTH: `Bearer ${token}`,
      ACTIONS_RUNTIME_TOKEN: 'runner',
      GITHUB_OUTPUT: '/o',
      KEPT: 'kept',
    },
  )
  expect(run.exitCode).toBe(0)
  const { readFile } = await import('node:fs/promises')
  const seen = await readFile(`${workspace.path}/dist/environment`, 'utf8')
  expect(seen).toContain('KEPT=kept')
  expect(seen).not.toMatch(/ghs_secret|INPUT_|ACTIONS_RUNTIME_TOKEN|GITHUB_OUTPUT/)
})

test('a build that says nothing for 30 s is still building, and the log says so', async () => {
  await using workspace = await createWorkspace()
  // A clock on which the build takes minutes.
  const clock: Clock = {
    nowMs: () => systemClock.nowMs() * 1000,
    date: () => new Date(),
    sleep: (ms, signal) => systemClock.sleep(ms / 1000, signal),
  }
  const command = 'sleep 0.1; mkdir dist; echo x > dist/a.js'
  const run = await workspace.run({ ...options, 'build-command': command }, environment, undefined, { clock })
  expect(run.log.filter((line) => line.startsWith('still building (')).length).toBeGreaterThanOrEqual(2)
})
