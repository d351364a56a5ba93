import type { Service } from '@aws-sdk/client-ecs'
import { expect, it } from 'vitest'
import type { RestoredService } from './restore-services.ts'
import { listMoments, renderTimeline } from './timeline.ts'

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 31, 12, 0, second))
const service: Service = {
  serviceName: 'web',
  deployments: [{ id: 'ecs-svc/2', status: 'PRIMARY', taskDefinition: 'web:2', createdAt: at(1) }],
  events: [
    { createdAt: at(9), message: '(service web) was unable to place a task.' },
    {
      createdAt: at(5),
      message: '(service web) has started 1 tasks: (task a). Amazon ECS replaced 1 tasks due to an unhealthy status.',
    },
    { createdAt: at(3), message: '(service web) (deployment ecs-svc/1) deployment failed: stopped by a user request.' },
    { createdAt: at(2), message: '(service web) has started 1 tasks: (task a).' },
    { createdAt: at(0), message: '(service web) was unable to place a task.' },
  ],
}
const restored: RestoredService = {
  baseline: { service: 'web', taskDefinition: 'web:1', deploymentId: 'ecs-svc/0', steady: true },
  service,
  decision: { kind: 'restore', why: 'web:2 runs', inFlight: false },
  result: {
    service: 'web',
    state: { kind: 'steady', state: '1/1 running' },
    failedTasks: [],
    startedAt: at(20),
    endedAt: at(27),
  },
}

it('tells what happened in order, with the first symptom of what had to go, and how long restoring took', () => {
  const proof = { at: at(31), kind: 'verified' as const, what: 'http://web is healthy' }
  expect(renderTimeline([...listMoments([restored]), proof], true)).toBe(`| UTC | what happened |
| --- | --- |
| 12:00:01.000 | web: web:2 deployed |
| 12:00:05.000 | web: first symptom: (service web) has started 1 tasks: (task a). Amazon ECS replaced 1 tasks due to an unhealthy status. |
| 12:00:20.000 | web: rollback to web:1 started |
| 12:00:27.000 | web: steady again |
| 12:00:31.000 | http://web is healthy |

Time to restore: 11s`)
})

it('has no time to restore where nothing is restored', () => {
  const { endedAt, ...pending } = { ...restored.result, service: 'web', failedTasks: [] }
  const late = { ...restored, result: { ...pending, state: { kind: 'in-progress' as const, state: '0/1 running' } } }
  expect(renderTimeline(listMoments([late]), false)).not.toContain('Time to restore')
  expect(renderTimeline([], false)).toBe('')
})
