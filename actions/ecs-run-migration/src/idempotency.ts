import { createHash, randomUUID } from 'node:crypto'
import type { ActionContext } from '@deploy-kit/core/action'

/** Every task that this action runs has a `startedBy` that begins so. */
export const STARTED_BY_PREFIX = 'deploy-kit/'

/** What makes a run findable by any later attempt on any runner. */
export interface RunIdentity {
  readonly key: string
  /** RunTask `startedBy`: up to 128 letters, digits, hyphens, slashes and underscores (ECS API). */
  readonly startedBy: string
}

/** The identity of a key; outside of GitHub, where no later attempt exists, of this process alone. */
export function runIdentity(given: string | undefined, { run, log }: Pick<ActionContext, 'run' | 'log'>): RunIdentity {
  if (given === undefined && run.runId === '') {
    log.info(
      'There is no GITHUB_RUN_ID, so a later attempt could not find this run again. Give an idempotency-key if it should.',
    )
    return identityOf(`once/${randomUUID()}`)
  }
  return identityOf(given ?? `${run.repository}/${run.runId}/${run.job}/${run.step}`)
}

function identityOf(key: string): RunIdentity {
  return { key, startedBy: `${STARTED_BY_PREFIX}${sha256(key).slice(0, 40)}` }
}

/**
 * RunTask `clientToken`: up to 64 characters, remembered for the task's life and an hour more, 24 hours at most. Each
 * failed run makes the next token, so that a retry is a new task and two retries at once are one.
 */
export function clientToken(identity: RunIdentity, lastFailedTaskArn: string | undefined): string {
  return sha256(`${identity.key}\n${lastFailedTaskArn ?? ''}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
