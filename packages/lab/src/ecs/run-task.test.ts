import { RegisterTaskDefinitionCommand, RunTaskCommand, StopTaskCommand } from '@aws-sdk/client-ecs'
import { expect, test } from 'vitest'
import { definitionOf, runOf, shell, startEcs } from './test-ecs.ts'

test('a task runs its command as a real process, writes its output to the log and stops with its exit code', async () => {
  await using lab = await startEcs()
  const definition = definitionOf('migrate', shell('app', 'echo one; echo two >&2; printf last; exit 7'))
  await lab.ecs.send(new RegisterTaskDefinitionCommand(definition))

  const { tasks, failures } = await lab.ecs.send(new RunTaskCommand(runOf('migrate')))

  expect(failures).toEqual([])
  const arn = tasks?.[0]?.taskArn
  const stopped = await lab.untilTask(arn, ({ lastStatus }) => lastStatus === 'STOPPED')
  expect(stopped).toMatchObject({
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
    group: 'family:migrate',
    containers: [{ name: 'app', exitCode: 7, lastStatus: 'STOPPED' }],
  })
  expect(lab.linesOf(`t/app/${arn?.split('/').at(-1)}`).toSorted()).toEqual(['last', 'one', 'two'])
})

test('StopTask ends a task that takes no notice of SIGTERM with SIGKILL, and gives the reason', async () => {
  await using lab = await startEcs()
  const script = "trap '' TERM; echo up; while :; do sleep 0.1; done"
  await lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf('stubborn', shell('app', script))))
  const { tasks } = await lab.ecs.send(new RunTaskCommand(runOf('stubborn')))
  const arn = tasks?.[0]?.taskArn
  await lab.untilTask(arn, ({ lastStatus }) => lastStatus === 'RUNNING')

  await lab.ecs.send(new StopTaskCommand({ cluster: 'test', task: arn, reason: 'enough' }))

  const stopped = await lab.untilTask(arn, ({ lastStatus }) => lastStatus === 'STOPPED')
  expect(stopped).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'enough' })
  expect(stopped.containers?.[0]?.exitCode).toBe(137)
})
