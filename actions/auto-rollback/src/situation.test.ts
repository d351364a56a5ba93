import type { Deployment, Service } from '@aws-sdk/client-ecs'
import type { JobDeployment } from '@deploy-kit/core/ecs/job-record'
import { describe, expect, it } from 'vitest'
import { decide, type Situation } from './situation.ts'

const baseline = { service: 'web', taskDefinition: 'web:1', deploymentId: 'd1', steady: true }
const runs = (id: string, taskDefinition: string, more: Partial<Deployment> = {}): Service => ({
  status: 'ACTIVE',
  deployments: [{ id, taskDefinition, status: 'PRIMARY', rolloutState: 'COMPLETED', ...more }],
})
const ours: readonly JobDeployment[] = [
  { serviceArn: 's', taskDefinition: 'web:2', before: ['d1'], deploymentId: 'd2' },
]
const intent: readonly JobDeployment[] = [{ serviceArn: 's', taskDefinition: 'web:2', before: ['d1'] }]
const inProgress = { rolloutState: 'IN_PROGRESS' as const }

function judge(service: Service | undefined, more: Partial<Situation> = {}) {
  return decide({ baseline, service, own: [], deployedSince: undefined, explicit: false, ...more })
}

describe('what a post step finds', () => {
  it.each<[string, Service | undefined, Partial<Situation>, object]>([
    ['nothing was deployed', runs('d1', 'web:1'), {}, { kind: 'not-needed' }],
    [
      'the same revision was deployed again by force',
      runs('d9', 'web:1'),
      { deployedSince: false },
      { kind: 'not-needed' },
    ],
    ['a deployment in flight', runs('d2', 'web:2', inProgress), { own: ours }, { kind: 'restore', inFlight: true }],
    ['a deployment that has finished', runs('d2', 'web:2'), { own: ours }, { kind: 'restore', inFlight: false }],
    [
      'a deployment that failed and stays',
      runs('d2', 'web:2', { rolloutState: 'FAILED' }),
      { own: ours },
      { kind: 'restore', inFlight: false },
    ],
    ['a change that nobody recorded', runs('d2', 'web:2'), {}, { kind: 'restore' }],
    ['a request whose answer was never seen', runs('d2', 'web:2'), { own: intent }, { kind: 'restore' }],
    [
      'ECS reverting to the deployment before',
      runs('d1', 'web:1', inProgress),
      { own: ours },
      { kind: 'already-rolled-back', inProgress: true },
    ],
    ['ECS having reverted', runs('d1', 'web:1'), { own: ours }, { kind: 'already-rolled-back', inProgress: false }],
    [
      'ECS having reverted what nobody recorded',
      runs('d1', 'web:1'),
      { deployedSince: true },
      { kind: 'already-rolled-back' },
    ],
    [
      'a request that was never sent',
      runs('d1', 'web:1'),
      { own: intent, deployedSince: false },
      { kind: 'not-needed' },
    ],
    [
      'a request of which it is not known whether it was sent',
      runs('d1', 'web:1'),
      { own: intent },
      { kind: 'already-rolled-back' },
    ],
    ['somebody else having rolled back', runs('d3', 'web:1'), { own: ours }, { kind: 'already-rolled-back' }],
    [
      'ECS having failed to revert',
      runs('d1', 'web:1', { rolloutState: 'FAILED' }),
      { own: ours },
      { kind: 'restore' },
    ],
    [
      'ECS reverting our second deployment to our first',
      runs('d5', 'web:2', {
        ...inProgress,
        rolloutStateReason: 'ECS deployment circuit breaker: rolling back to deploymentId d2.',
      }),
      { own: [...ours, { serviceArn: 's', taskDefinition: 'web:3', before: ['d2'], deploymentId: 'd4' }] },
      { kind: 'restore', inFlight: true },
    ],
    ['a deployment of somebody else', runs('d3', 'web:3'), { own: ours }, { kind: 'superseded' }],
    [
      'a deployment of somebody else, of the revision that we wanted',
      runs('d3', 'web:2'),
      { own: ours },
      { kind: 'superseded' },
    ],
    ['a deployment that was in flight before the guard', runs('d1', 'web:9', inProgress), {}, { kind: 'not-needed' }],
    [
      'a deployment that an earlier attempt began and this job took over',
      runs('d1', 'web:9', inProgress),
      { own: [{ serviceArn: 's', taskDefinition: 'web:9', before: [], deploymentId: 'd1' }] },
      { kind: 'restore', inFlight: true },
    ],
    ['a deleted service', { status: 'INACTIVE' }, { own: ours }, { kind: 'impossible' }],
    ['a service that is being deleted', { status: 'DRAINING' }, { own: ours }, { kind: 'impossible' }],
    ['no service', undefined, {}, { kind: 'impossible' }],
  ])('%s', (_, service, more, expected) => {
    expect(judge(service, more)).toMatchObject(expected)
  })
})

describe('a version that somebody named', () => {
  it('replaces whatever runs, whoever deployed it', () => {
    expect(judge(runs('d3', 'web:3'), { explicit: true, own: ours }).kind).toBe('restore')
    expect(judge(runs('d1', 'web:3'), { explicit: true }).kind).toBe('restore')
  })

  it('is not deployed again when it runs, and is waited for when it is on its way', () => {
    expect(judge(runs('d3', 'web:1'), { explicit: true })).toMatchObject({ kind: 'not-needed', inProgress: false })
    expect(judge(runs('d3', 'web:1', inProgress), { explicit: true })).toMatchObject({
      kind: 'not-needed',
      inProgress: true,
    })
  })
})
