import { ECSClient } from '@aws-sdk/client-ecs'
import type { ActionContext } from '../action.ts'
import { AwsCaller } from '../aws/aws-caller.ts'
import { type AwsClientConfig, createAwsClientConfig } from '../aws/aws-client.ts'
import type { AwsInputs } from '../aws/aws-inputs.ts'
import type { Deadline } from '../deadline.ts'
import { Pace } from './pace.ts'

/** Amazon ECS as an action uses it: every request of `client` goes through `caller`. */
export interface Ecs {
  /** For the clients of other services in the same step, so that a role is assumed once. */
  readonly config: AwsClientConfig
  readonly client: ECSClient
  readonly caller: AwsCaller
}

/**
 * @throws {ActionError} bad-input when there is no region anywhere
 */
export async function createEcs(inputs: AwsInputs, context: ActionContext, deadline: Deadline): Promise<Ecs> {
  const { signal, clock, log } = context
  const config = await createAwsClientConfig(inputs, context)
  const client = new ECSClient(config)
  const pace = new Pace(clock)
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        await pace.take(commandName.replace(/Command$/, ''))
        return next(args)
      },
    { name: 'keepPace', step: 'initialize' },
  )
  return {
    config,
    client,
    caller: new AwsCaller({ deadline, signal, clock, log }),
  }
}

/** The same client with a time limit and a signal of its own: for what has to be done after a cancellation. */
export function ecsWithin(ecs: Ecs, limitMs: number, signal: AbortSignal): Ecs {
  return { ...ecs, caller: ecs.caller.within(limitMs, signal) }
}
