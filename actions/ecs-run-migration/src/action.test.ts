import type { Lab } from '@deploy-kit/lab/lab'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { migrate, shell, startMigrationLab } from './testing/migration-lab.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startMigrationLab()
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await lab.close()
})
afterEach(() => lab.faults.clear())

describe('the verdict', () => {
  test('a container that exits with 0 is a success, with its log and every output', async () => {
    const run = await migrate(lab, { command: shell('echo one; echo two; echo three') })
    expect(run.annotations).toEqual([])
    expect(run.exitCode).toBe(0)
    const at = run.log.indexOf('one')
    expect(run.log.slice(at, at + 3)).toEqual(['one', 'two', 'three'])
    expect(run.log.at(-1)).toBe('Container app exited with 0.')
    expect(run.outputs).toMatchObject({
      outcome: 'succeeded',
      'exit-code': '0',
      'stop-code': 'EssentialContainerExited',
      'stopped-reason': 'Essential container in task exited',
      reattached: 'false',
    })
    expect(run.outputs['task-arn']).toMatch(/^arn:aws:ecs:eu-central-1:123456789012:task\/production\/[0-9a-f]{32}$/)
    expect(run.outputs['elapsed-ms']).toMatch(/^\d+$/)
    const id = run.outputs['task-arn']?.split('/').at(-1)
    expect(run.outputs['log-url']).toBe(
      `https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:log-groups/log-group/$252Fecs$252Fledger/log-events/run$252Fapp$252F${id}`,
    )
  })

  test('a container that exits with another code fails the step; the annotation holds the end of its log', async () => {
    const script = 'echo applying 003.sql; echo; echo \'ERROR: check constraint "positive" is violated\'; exit 3'
    const run = await migrate(lab, { command: shell(script) })
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ outcome: 'failed', 'exit-code': '3' })
    expect(run.annotations).toEqual([
      {
        level: 'error',
        title: 'deploy-kit ecs-run-migration',
        message:
          "The migration failed: The container app exited with code 3. Read the container's log.\n" +
          'The log ends with:\napplying 003.sql\nERROR: check constraint "positive" is violated',
      },
    ])
    expect(run.summary).toContain('ERROR: check constraint "positive" is violated')
  })
})
