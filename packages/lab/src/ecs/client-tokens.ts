import { AwsError } from '../service.ts'
import type { Cluster } from './clusters.ts'
import { invalidParameter } from './input.ts'
import type { Task } from './task.ts'

interface Use {
  readonly parameters: string
  readonly tasks: readonly Task[]
  readonly at: number
}

const dayMs = 24 * 3_600_000
const hourMs = 3_600_000

/**
 * What RunTask was asked with a client token, per cluster. (Ensuring idempotency)
 * A token lives for 24 hours, or for the task's life and an hour more, whichever is less. Not scaled.
 */
export class ClientTokens {
  readonly #uses = new Map<string, Use>()

  /**
   * The tasks that the same request started before; undefined when the token is new.
   * @throws AwsError ConflictException with `resourceIds` when it was used for another request
   */
  find(cluster: Cluster, token: string, parameters: object): readonly Task[] | undefined {
    // "up to 64 ASCII characters in the range of 33-126 (inclusive)"
    if (!/^[\x21-\x7e]{1,64}$/.test(token)) {
      throw invalidParameter('clientToken must have 1 to 64 ASCII characters in the range of 33-126 (inclusive).')
    }
    const use = this.#uses.get(keyOf(cluster, token))
    if (use === undefined || isOver(use)) return undefined
    if (use.parameters === canonical(parameters)) return use.tasks
    throw new AwsError(
      'ConflictException',
      'The RunTask request could not be processed due to conflicts. The provided clientToken is already in use with a different RunTask request. The resourceIds are the existing task ARNs which are already associated with the clientToken.',
      400,
      { resourceIds: use.tasks.map(({ arn }) => arn) },
    )
  }

  remember(cluster: Cluster, token: string, parameters: object, tasks: readonly Task[]): void {
    this.#uses.set(keyOf(cluster, token), { parameters: canonical(parameters), tasks, at: Date.now() })
  }

  /** As if the tasks had stopped an hour ago. */
  forgetStopped(): void {
    for (const [key, { tasks }] of this.#uses) {
      if (tasks.every(({ lastStatus }) => lastStatus === 'STOPPED')) this.#uses.delete(key)
    }
  }
}

function keyOf(cluster: Cluster, token: string): string {
  return `${cluster.arn} ${token}`
}

function isOver({ at, tasks }: Use): boolean {
  const now = Date.now()
  if (now - at > dayMs) return true
  return tasks.every(({ times }) => times.stoppedAt !== undefined && now - times.stoppedAt.getTime() > hourMs)
}

/** The order of members in an object is no difference. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )
}
