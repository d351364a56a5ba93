import { DescribeServicesCommand, ECSClient, ListTasksCommand, StopTaskCommand } from '@aws-sdk/client-ecs'
import { runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { startLab } from '@deploy-kit/lab/lab'
import { imageOf, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { expect, it, onTestFinished, vi } from 'vitest'
import { action } from './action.ts'

it('warns when what is wanted is deployed already, and its tasks are not there', async () => {
  await using lab = await startLab({ world: smallWorld([{ name: 'web', desiredCount: 2 }]), timeScale: 0.005 })
  for (const [name, value] of Object.entries(lab.environment)) vi.stubEnv(name, value)
  onTestFinished(() => void vi.unstubAllEnvs())
  lab.ecs.limitCapacity(0)
  const ecs = new ECSClient()
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster: 'small', serviceName: 'web' }))
  await ecs.send(new StopTaskCommand({ cluster: 'small', task: taskArns[0] }))
  await vi.waitFor(
    async () => {
      const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster: 'small', services: ['web'] }))
      expect(services[0]).toMatchObject({ runningCount: 1, pendingCount: 0 })
    },
    { timeout: 20_000 },
  )
  ecs.destroy()
  const run = await runInMemory(action, {
    inputs: { cluster: 'small', services: 'web', image: imageOf('v1') },
    environment: { ...process.env, ...lab.environment },
  })
  expect(run).toMatchObject({ exitCode: 0, outputs: { outcome: 'unchanged' } })
  expect(run.annotations).toMatchObject([
    {
      level: 'warning',
      message: 'web runs web:1 already; nothing was changed. Not all tasks run: web (1 of 2)',
    },
  ])
})
