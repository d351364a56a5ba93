import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { defineAction } from '../action.ts'
import { runInMemory } from '../testing/memory-platform.ts'
import { checkRegion, createAwsClientConfig } from './aws-client.ts'
import { awsFields } from './aws-inputs.ts'

const manifest = {
  name: 'example',
  inputs: { 'aws-region': {}, 'role-to-assume': {}, 'role-session-name': {} },
  outputs: {},
}
const action = defineAction({
  name: 'example',
  manifest,
  fields: awsFields,
  main: async (inputs, context) => {
    const { region } = await createAwsClientConfig(inputs, context)
    return { conclusion: 'success', headline: region, summary: '' }
  },
})

describe('the region', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'deploy-kit-aws-'))
    // The SDK reads the process's own variables.
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE']) vi.stubEnv(name, undefined)
    vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'))
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'))
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true })
  })

  test('of the input goes before that of the environment', async () => {
    const environment = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2' }
    const given = await runInMemory(action, { inputs: { 'aws-region': 'eu-west-3' }, environment })
    expect(given.log).toEqual(['eu-west-3'])
    expect((await runInMemory(action, { inputs: {}, environment })).log).toEqual(['eu-west-1'])
    const empty = { ...environment, AWS_REGION: '' }
    expect((await runInMemory(action, { inputs: {}, environment: empty })).log).toEqual(['eu-west-2'])
  })

  test("of the profile is the last of the SDK's chain", async () => {
    await writeFile(join(folder, 'config'), '[profile ci]\nregion = eu-north-1\n')
    vi.stubEnv('AWS_PROFILE', 'ci')
    expect((await runInMemory(action, { inputs: {} })).log).toEqual(['eu-north-1'])
  })

  test('that nobody gives is refused', async () => {
    const run = await runInMemory(action, { inputs: {} })
    expect(run.annotations[0]?.message).toMatch(/^aws-region: is not given, .* and no profile has a region\n/)
  })

  test('that nobody gives is said together with every other bad input', async () => {
    const strict = { ...action, checkAgainstFiles: checkRegion }
    const run = await runInMemory(strict, { inputs: { 'role-to-assume': 'deploy' } })
    expect(run.annotations[0]?.message).toMatch(
      /^2 inputs cannot be used:\n- role-to-assume: 'deploy' is not .*\n- aws-region: is required, because /,
    )
    expect((await runInMemory(strict, { inputs: {}, environment: { AWS_REGION: 'eu-west-1' } })).exitCode).toBe(0)
  })
})
