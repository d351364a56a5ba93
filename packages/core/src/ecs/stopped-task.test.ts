import { expect, it } from 'vitest'
import { explainStoppedTask } from './stopped-task.ts'

it('says what to check when the image cannot be pulled', () => {
  const explanation = explainStoppedTask({
    stopCode: 'TaskFailedToStart',
    stoppedReason: 'CannotPullContainerError: pull image manifest has been retried 1 time(s): repo/app:9: not found',
    containers: [{ name: 'app', reason: 'CannotPullContainerError: repo/app:9: not found' }],
  })
  expect(explanation.what).toBe('The image could not be pulled: CannotPullContainerError: repo/app:9: not found')
  expect(explanation.next).toMatch(/this tag was pushed/)
})

it('blames the essential container that failed, not the sidecar that was stopped', () => {
  const explanation = explainStoppedTask(
    {
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      containers: [
        { name: 'proxy', exitCode: 137 },
        { name: 'app', exitCode: 1 },
      ],
    },
    ['app'],
  )
  expect(explanation).toMatchObject({ what: 'The container app exited with code 1', container: 'app' })
})

it('calls an exit of 0 of a service what it is', () => {
  const task = { stopCode: 'EssentialContainerExited' as const, containers: [{ name: 'app', exitCode: 0 }] }
  expect(explainStoppedTask(task).what).toMatch(/app exited with code 0: ended although/)
})

it('does not take a missing exit code for success', () => {
  const task = { stopCode: 'TaskFailedToStart' as const, containers: [{ name: 'app', reason: 'something new' }] }
  expect(explainStoppedTask(task).what).toBe('The container app never ran: something new')
})

it('gives memory as the reason when ECS does', () => {
  const task = {
    containers: [{ name: 'app', exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' }],
  }
  expect(explainStoppedTask(task).what).toMatch(/ran out of memory/)
})

it('says so when ECS gives no reason', () => {
  expect(explainStoppedTask({}).what).toMatch(/ECS does not say why/)
})
