import type { ActionContext } from '@deploy-kit/core/action'
import { AwsCaller } from '@deploy-kit/core/aws/aws-caller'
import { Deadline } from '@deploy-kit/core/deadline'
import type { Ecs } from '@deploy-kit/core/ecs/ecs-client'
import type { Log } from '@deploy-kit/core/log'
import { VirtualClock } from '@deploy-kit/core/testing/virtual-clock'
import { expect, test } from 'vitest'
import { runTask } from './run-task.ts'

const request = { cluster: 'production', taskDefinition: 'ledger:1', startedBy: 'deploy-kit/abc' }

/** RunTask fails with `name` until the deadline, and no task is listed. */
async function runInVain(name: string): Promise<{ unknown: number; message: string }> {
  const clock = new VirtualClock()
  const log: Log = { info() {}, warning() {}, debug() {}, group() {}, outside() {} }
  const { signal } = new AbortController()
  const caller = new AwsCaller({ deadline: new Deadline(60_000, clock), signal, clock, log })
  const send = async (command: object): Promise<object> => {
    if (command.constructor.name !== 'RunTaskCommand') return { taskArns: [] }
    throw Object.assign(new Error('not now'), {
      name,
      $metadata: { httpStatusCode: name === 'Throttling' ? 400 : 500 },
    })
  }
  const ecs = { client: { send }, caller } as unknown as Ecs
  const context = { clock, log, signal, cleanUpSignal: signal } as Partial<ActionContext> as ActionContext
  let unknown = 0
  const onUnknown = (): void => {
    unknown += 1
  }
  const error = await runTask(ecs, request, context, onUnknown).catch((reason: unknown) => reason)
  return { unknown, message: (error as Error).message }
}

test('a request that is throttled to the end has started nothing, and that is certain', async () => {
  const { unknown, message } = await runInVain('Throttling')
  expect(unknown).toBe(0)
  expect(message).toMatch(/^ecs:RunTask on task definition ledger:1 .* The last answer: Throttling: not now$/)
})

test('one whose answers were lost may have started a task that is not visible yet', async () => {
  const { unknown, message } = await runInVain('ServerException')
  expect(unknown).toBe(1)
  expect(message).toContain('One may still appear: aws ecs list-tasks --cluster production --started-by deploy-kit/abc')
})
