import { DescribeTaskDefinitionCommand, ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { action } from './action.ts'

/** They begin with the same seven digits. */
const SHA = `abcdef0${'1'.repeat(33)}`
const OTHER_SHA = `abcdef0${'2'.repeat(33)}`
const SHORT_TAG = SHA.slice(0, 8)

let lab: Lab

beforeAll(async () => {
  const sidecar = { name: 'proxy', image: imageOf('v0'), essential: false }
  const containerDefinitions = [{ name: 'app', image: imageOf('v1') }, sidecar]
  lab = await startLab({ world: smallWorld([{ name: 'web', definition: { containerDefinitions } }]), timeScale: 0.005 })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  const ecs = new ECSClient()
  const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'web' }))
  const { family, networkMode, cpu, memory, executionRoleArn, requiresCompatibilities } = taskDefinition ?? {}
  for (const tag of ['v0', SHA, OTHER_SHA, SHORT_TAG]) {
    const input = { family, networkMode, cpu, memory, executionRoleArn, requiresCompatibilities }
    const changed = [{ name: 'app', image: imageOf(tag) }, sidecar]
    await ecs.send(new RegisterTaskDefinitionCommand({ ...input, containerDefinitions: changed }))
  }
  ecs.destroy()
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await lab.close()
})

const search = (to: string): Promise<MemoryRun> =>
  runInMemory(action, {
    inputs: { mode: 'rollback', cluster: 'small', services: 'web', to, 'dry-run': 'true' },
    environment: { ...process.env, ...lab.environment },
  })

it.each([
  ['a tag, and not that of a sidecar', 'v0', 'web:2'],
  ['a sha', SHA, 'web:3'],
  ['the beginning of a sha', OTHER_SHA.slice(0, 10), 'web:4'],
  ['a tag that is also the beginning of a sha', SHORT_TAG, 'web:5'],
])('to may be %s', async (_, to, revision) => {
  const run = await search(to)
  expect(run.outputs.to).toMatch(new RegExp(`/${revision}$`))
  expect(run.summary).toContain(`restore \`${revision}\` in place of \`web:1\``)
})

it('refuses the beginning of several shas', async () => {
  const run = await search(SHA.slice(0, 7))
  expect(run.exitCode).toBe(1)
  expect(run.annotations[0]?.message).toBe(
    `to: abcdef0 is the beginning of several shas: ${OTHER_SHA}, ${SHA}.\nGive more of its digits. Nothing was changed.`,
  )
})
