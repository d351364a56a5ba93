import type { ActionContext, Verdict } from '@deploy-kit/core/action'
import type { AwsCaller } from '@deploy-kit/core/aws/aws-caller'
import { ActionError, CancelledError } from '@deploy-kit/core/errors'
import { recordSnapshot } from './outputs.ts'
import type { SnapshotSource } from './snapshot-source.ts'

/** Set while a request for a snapshot is on its way and its fate is not known. */
export interface Interruptible {
  requested: { readonly type: 'instance' | 'cluster'; readonly identifier: string } | undefined
  /** One of its answers was lost, so that it may have begun; a throttle or another refusal says that it has not. */
  answerLost: boolean
}

/** Of the 5 s that a cancelled step has. */
const LAST_LOOK_MS = 3000

/**
 * What to say when the step ends before it knows of a snapshot: by a cancellation, which is the verdict, or by an error,
 * which is thrown on. A request that was on its way may have taken effect; after a cancellation one look tells.
 */
export async function explainInterruption(
  error: unknown,
  { requested, answerLost }: Interruptible,
  connect: (caller: AwsCaller) => SnapshotSource,
  caller: AwsCaller,
  context: ActionContext,
): Promise<Verdict> {
  if (!(error instanceof CancelledError)) throw requested && answerLost ? uncertain(error, requested.identifier) : error
  if (requested === undefined) return cancelled('No snapshot had been requested.')
  const source = connect(caller.within(LAST_LOOK_MS, context.cleanUpSignal))
  const { identifier } = requested
  const adopt = `running the job again with snapshot-identifier ${identifier} adopts it`
  try {
    const snapshot = await source.findSnapshot(identifier)
    if (!snapshot) return cancelled(`Snapshot ${identifier} has not been taken.`)
    recordSnapshot(snapshot, source.type, context)
    return cancelled(`Snapshot ${identifier} goes on in AWS (last seen ${snapshot.status}); ${adopt}.`)
  } catch {
    return cancelled(`Whether AWS has begun snapshot ${identifier} is not known; if it has, ${adopt}.`)
  }
}

/** AWS's own words, which end many of our messages, may lack the full stop. */
export function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function cancelled(state: string): Verdict {
  return { conclusion: 'cancelled', headline: `Cancelled. ${state}`, summary: '' }
}

/** AWS's refusals are certain; only silence leaves open whether it has begun. */
function uncertain(error: unknown, identifier: string): unknown {
  if (!(error instanceof ActionError) || error.code !== 'unreachable') return error
  return new ActionError(
    error.code,
    `${asSentence(error.message)} Whether AWS has begun snapshot ${identifier} is not known.`,
    {
      advice: `Run the job again with snapshot-identifier ${identifier}: if it is there, it is adopted. ${error.advice}`,
      cause: error,
    },
  )
}
