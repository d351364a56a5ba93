import type { Container, Task } from '@aws-sdk/client-ecs'
import { describe, expect, test } from 'vitest'
import { stateOf } from './earlier-runs.ts'
import { judgeEndedTask } from './outcome.ts'

const app = (more: Container = {}): Container => ({ name: 'app', lastStatus: 'STOPPED', ...more })
const proxy = (more: Container = {}): Container => ({ name: 'proxy', lastStatus: 'STOPPED', ...more })

function stopped(stopCode: Task['stopCode'], stoppedReason: string, ...containers: Container[]): Task {
  const ran = containers.some(({ exitCode }) => exitCode !== undefined)
  return { lastStatus: 'STOPPED', stopCode, stoppedReason, containers, ...(ran && { startedAt: new Date() }) }
}

/** "Amazon ECS stopped tasks error messages", ECS Developer Guide. */
const exited = 'Essential container in task exited'
const cases: readonly [string, Task, string, RegExp][] = [
  [
    'another code',
    stopped('EssentialContainerExited', exited, app({ exitCode: 2 })),
    'failed',
    /app exited with code 2\./,
  ],
  [
    'memory',
    stopped(
      'EssentialContainerExited',
      exited,
      app({ exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' }),
    ),
    'failed',
    /ran out of memory: OutOfMemoryError.* Give the container or the task more memory/,
  ],
  [
    'SIGKILL',
    stopped('EssentialContainerExited', exited, app({ exitCode: 137 })),
    'failed',
    /137: it was killed \(SIGKILL\)/,
  ],
  [
    'no command',
    stopped('EssentialContainerExited', exited, app({ exitCode: 127 })),
    'failed',
    /its command was not found/,
  ],
  [
    'health check',
    stopped('EssentialContainerExited', 'Task failed container health checks', app({ exitCode: 143 })),
    'failed',
    /The container's own health check failed/,
  ],
  [
    'Spot',
    stopped('SpotInterruption', 'Your Spot Task was interrupted.', app({ exitCode: 143 })),
    'failed',
    /Spot capacity back/,
  ],
  [
    'maintenance',
    stopped('TerminationNotice', 'Task is being retired.', app({ exitCode: 143 })),
    'failed',
    /AWS ended the task/,
  ],
  [
    'the machine',
    stopped('InfrastructureHealth', 'Host failed', app({ exitCode: 137 })),
    'failed',
    /The machine below the task failed/,
  ],
  [
    'StopTask',
    stopped('UserInitiated', 'by hand', app({ exitCode: 143 })),
    'failed',
    /stopped with StopTask \(by hand\)/,
  ],
  [
    'StopTask before it ran',
    stopped('UserInitiated', 'by hand', app()),
    'not-started',
    /^The migration never ran: The task was stopped with StopTask/,
  ],
  [
    'a sidecar first',
    stopped('EssentialContainerExited', exited, app({ exitCode: 143 }), proxy({ exitCode: 0 })),
    'failed',
    /The essential container proxy exited with code 0, so ECS stopped the task before app had finished/,
  ],
  [
    'image',
    stopped(
      'TaskFailedToStart',
      'CannotPullContainerError: manifest unknown',
      app({ reason: 'CannotPullContainerError: manifest unknown' }),
    ),
    'not-started',
    /The image could not be pulled.*ecr:BatchGetImage/,
  ],
  [
    'secret',
    stopped('TaskFailedToStart', 'ResourceInitializationError: unable to pull secrets or registry auth', app()),
    'not-started',
    /The task could not be set up.*execution role's access to the secrets/,
  ],
  [
    'architecture',
    stopped('EssentialContainerExited', exited, app({ exitCode: 255, reason: 'exec /bin/sh: exec format error' })),
    'failed',
    /The image is for another processor architecture/,
  ],
  ['nothing at all', { lastStatus: 'STOPPED', containers: [app()] }, 'not-started', /ECS does not say why/],
]

describe('every way a migration can end has its own message', () => {
  test.each(cases)('%s', (_, task, outcome, headline) => {
    const judgement = judgeEndedTask(task, 'app', ['app', 'proxy'])
    expect(judgement.outcome).toBe(outcome)
    expect(judgement.headline).toMatch(headline)
  })

  test('success is the exit code of the named container alone; others are noted', () => {
    const task = stopped('EssentialContainerExited', exited, app({ exitCode: 0 }), proxy({ exitCode: 137 }))
    expect(judgeEndedTask(task, 'app', ['app'])).toEqual({
      outcome: 'succeeded',
      headline: 'Container app exited with 0; proxy exited with 137, which does not count.',
    })
  })

  test('a container that is up again after a restart has not ended', () => {
    const task: Task = { lastStatus: 'RUNNING', containers: [{ name: 'app', lastStatus: 'RUNNING', exitCode: 1 }] }
    expect(stateOf(task, 'app')).toBe('running')
  })
})
