import type { Deployment, Service } from '@aws-sdk/client-ecs'
import { describe, expect, it } from 'vitest'
import { judgeServiceDeployment } from './native-strategy.ts'
import { type Change, judgeRollout } from './rollout-progress.ts'

const change: Change = { service: 'web', taskDefinition: 'web:2', deploymentId: 'new', before: ['old'] }

const service = (deployments: Deployment[], more: Partial<Service> = {}): Service => ({
  status: 'ACTIVE',
  deployments,
  ...more,
})
const old = (more: Partial<Deployment> = {}): Deployment => ({
  id: 'old',
  status: 'ACTIVE',
  taskDefinition: 'web:1',
  rolloutState: 'COMPLETED',
  runningCount: 2,
  desiredCount: 2,
  ...more,
})
const fresh = (more: Partial<Deployment> = {}): Deployment => ({
  id: 'new',
  status: 'PRIMARY',
  taskDefinition: 'web:2',
  rolloutState: 'IN_PROGRESS',
  runningCount: 0,
  desiredCount: 2,
  ...more,
})

describe('a rolling deployment', () => {
  it.each<[string, Service | undefined, boolean, object]>([
    [
      'is on its way',
      service([fresh({ pendingCount: 2 }), old()]),
      true,
      { kind: 'in-progress', state: '0/2 running, 2 pending' },
    ],
    ['has finished', service([fresh({ rolloutState: 'COMPLETED', runningCount: 2 })]), true, { kind: 'steady' }],
    [
      'has finished with no task wanted',
      service([fresh({ rolloutState: 'COMPLETED', desiredCount: 0 })]),
      true,
      { kind: 'steady' },
    ],
    [
      'is not in an answer yet that is out of date',
      service([old({ status: 'PRIMARY' })]),
      false,
      { kind: 'in-progress', state: 'requested' },
    ],
    [
      'failed and stays',
      service([fresh({ rolloutState: 'FAILED', rolloutStateReason: 'tasks failed' }), old()]),
      true,
      { kind: 'failed', state: 'tasks failed' },
    ],
    [
      'failed and is about to be reverted',
      service([fresh({ rolloutState: 'FAILED' }), old()], {
        deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
      }),
      true,
      { kind: 'failed', reverting: 'web:1' },
    ],
    [
      'was reverted to the deployment before',
      service([old({ status: 'PRIMARY' })]),
      true,
      { kind: 'failed', reverting: 'web:1' },
    ],
    [
      'was reverted by a new deployment',
      service([
        old({ id: 'newest', status: 'PRIMARY', rolloutStateReason: 'ECS deployment circuit breaker: rolling back' }),
      ]),
      true,
      { kind: 'failed', reverting: 'web:1' },
    ],
    [
      'was replaced by somebody else',
      service([fresh({ id: 'other', taskDefinition: 'web:3' }), fresh({ status: 'ACTIVE' })]),
      true,
      { kind: 'replaced', state: 'replaced by deployment other of web:3' },
    ],
    ['lost its service', service([], { status: 'INACTIVE' }), true, { kind: 'gone', state: 'the service is INACTIVE' }],
    ['lost its service for good', undefined, true, { kind: 'gone' }],
    [
      'has no rolloutState and old tasks',
      service([fresh({ rolloutState: undefined as never, runningCount: 2 }), old()]),
      true,
      { kind: 'in-progress' },
    ],
    [
      'has no rolloutState and is alone',
      service([fresh({ rolloutState: undefined as never, runningCount: 2 })]),
      true,
      { kind: 'steady' },
    ],
  ])('%s', (_, description, seen, expected) => {
    expect(judgeRollout(description, change, seen)).toMatchObject(expected)
  })

  it('is followed by its revision when ECS makes it by itself', () => {
    const { deploymentId: _, ...reverting } = { ...change, taskDefinition: 'web:1', before: ['new', 'old'] }
    expect(judgeRollout(service([fresh(), old()]), reverting, true)).toEqual({
      kind: 'in-progress',
      state: 'rollback requested',
    })
    expect(judgeRollout(service([old({ status: 'PRIMARY' })]), reverting, true)).toMatchObject({ kind: 'steady' })
    expect(judgeRollout(service([fresh({ id: 'other' })]), reverting, true)).toMatchObject({ kind: 'replaced' })
  })
})

describe('a blue/green, linear or canary deployment', () => {
  it.each([
    [{ status: 'PENDING' as const }, { kind: 'in-progress' }],
    [
      { status: 'IN_PROGRESS' as const, lifecycleStage: 'BAKE_TIME' as const },
      { kind: 'in-progress', state: 'IN_PROGRESS, BAKE_TIME' },
    ],
    [
      { status: 'IN_PROGRESS' as const, lifecycleHookDetails: [{ hookId: 'h1', status: 'AWAITING_ACTION' as const }] },
      { kind: 'in-progress', state: expect.stringMatching(/paused at hook h1/) },
    ],
    [{ status: 'SUCCESSFUL' as const }, { kind: 'steady' }],
    [
      { status: 'STOPPED' as const, statusReason: 'by hand' },
      { kind: 'failed', state: 'STOPPED: by hand' },
    ],
    [
      { status: 'ROLLBACK_IN_PROGRESS' as const, statusReason: 'alarm' },
      { kind: 'failed', state: 'alarm', reverting: expect.any(String) },
    ],
    [{ status: 'ROLLBACK_FAILED' as const }, { kind: 'failed' }],
  ])('%j', (deployment, expected) => {
    expect(judgeServiceDeployment(deployment, false)).toMatchObject(expected)
  })

  it('that is rolled back has ended when ECS says so', () => {
    expect(judgeServiceDeployment({ status: 'ROLLBACK_IN_PROGRESS' }, true).kind).toBe('in-progress')
    expect(judgeServiceDeployment({ status: 'ROLLBACK_SUCCESSFUL' }, true).kind).toBe('steady')
    expect(judgeServiceDeployment({ status: 'ROLLBACK_FAILED' }, true).kind).toBe('failed')
  })
})
