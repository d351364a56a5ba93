import { ECSClient } from '@aws-sdk/client-ecs'
import type { ActionContext } from '../action.ts'
import { AwsCaller } from '../aws/aws-caller.ts'
import { createAwsClientConfig } from '../aws/aws-client.ts'
import type { AwsInputs } from '../aws/aws-inputs.ts'
import type { Deadline } from '../deadline.ts'

/** Amazon ECS as an action uses it: every request of `client` goes through `caller`. */
export interface Ecs {
  readonly client: ECSClient
  readonly caller: AwsCaller
}

/**
 * @throws {ActionError} bad-input when there is no region anywhere
 */
export function createEcs(inputs: AwsInputs, context: ActionContext, deadline: Deadline): Ecs {
  const { signal, clock, log } = context
  return {
    client: new ECSClient(createAwsClientConfig(inputs, context)),
    caller: new AwsCaller({ deadline, signal, clock, log }),
  }
}

/** The same client with a time limit and a signal of its own: for what has to be done after a cancellation. */
export function ecsWithin(ecs: Ecs, limitMs: number, signal: AbortSignal): Ecs {
  return { client: ecs.client, caller: ecs.caller.within(limitMs, signal) }
}
