import type { Service, Task } from '@aws-sdk/client-ecs'
import type { ActionContext } from '../action.ts'
import type { Deadline } from '../deadline.ts'
import type { Ecs } from './ecs-client.ts'
import type { Change, Progress } from './rollout-progress.ts'

/** A service that is to be changed, and how the change is made. */
export interface Rollout {
  readonly service: string
  /** Makes the change. Undefined when there is nothing left to do: then the service counts as `unchanged`. */
  readonly start: () => Promise<Change | undefined>
}

export type RolloutState =
  | { readonly kind: 'waiting'; readonly state: string }
  | { readonly kind: 'unchanged'; readonly state: string }
  /** More tasks of the new revision died than are allowed. */
  | { readonly kind: 'too-many-failed-tasks'; readonly state: string }
  /** The change could not be made, or could not be followed. */
  | { readonly kind: 'error'; readonly state: string; readonly error: unknown }
  | Progress

export interface RolloutResult {
  readonly service: string
  readonly change?: Change
  /** The last answer of DescribeServices. */
  readonly description?: Service
  readonly state: RolloutState
  readonly failedTasks: readonly Task[]
  readonly startedAt?: Date
  readonly endedAt?: Date
}

export interface RolloutOptions {
  readonly ecs: Ecs
  readonly cluster: string
  readonly context: ActionContext
  readonly deadline: Deadline
  readonly everyMs: number
  readonly maxParallel: number
  /** Undefined: tasks that die do not end the wait by themselves. */
  readonly maxFailedTasks?: number
  /** Whether the first service that fails ends everything, or the others go on. */
  readonly stopAtFirstFailure: boolean
}
