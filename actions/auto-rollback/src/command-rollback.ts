import type { ActionContext, Verdict } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { ActionError, CancelledError, messageOf } from '@deploy-kit/core/errors'
import { blocks, code, escapeMarkdown, table } from '@deploy-kit/core/markdown'
import { pauseWithin, waitUntil } from '@deploy-kit/core/wait'
import { captureVersion } from './captured-version.ts'
import { runCommand } from './command.ts'
import type { Inputs } from './inputs.ts'
import type { CommandBaseline } from './saved-baseline.ts'
import { type Moment, renderTimeline } from './timeline.ts'
import { type Verification, verifyHealth } from './verification.ts'

interface Tools {
  readonly version: string
  readonly running: string | undefined
  readonly inputs: Inputs
  readonly deadline: Deadline
  readonly context: ActionContext
}

interface End {
  readonly outcome: 'not-needed' | 'rolled-back' | 'failed'
  /** A sentence without a full stop. */
  readonly headline: string
  readonly next?: string
  readonly moments?: readonly Moment[]
  readonly verification?: Verification | undefined
}

/** Asking what runs must not use up the time that restoring needs. */
const LONGEST_QUESTION_MS = 30_000

/** Restores what is not ECS, and proves it where it can: by asking capture-command again, and by verify-url. */
export async function restoreByCommand(
  baseline: CommandBaseline,
  inputs: Inputs,
  deadline: Deadline,
  context: ActionContext,
): Promise<Verdict> {
  const version = baseline.value
  context.setOutput('baseline', baseline)
  context.setOutput('to', version)
  const running = await whatRuns(inputs, deadline, context)
  if (running !== undefined) context.setOutput('from', running)
  const tools = { version, running, inputs, deadline, context }
  if (running === version)
    return conclude({ outcome: 'not-needed', headline: `Nothing to restore: '${version}' runs` }, tools)
  if (inputs.dryRun) {
    const headline = `Dry run: '${version}' would be restored${inPlaceOf(tools)} by rollback-command. Nothing was changed`
    return conclude({ outcome: 'not-needed', headline }, tools)
  }
  return conclude(await restore(tools), tools)
}

async function restore(tools: Tools): Promise<End> {
  const { version, inputs, deadline, context } = tools
  const moments: Moment[] = [{ at: context.clock.date(), kind: 'started', what: `rollback to '${version}' started` }]
  const failed = (headline: string, next: string): End => ({ outcome: 'failed', headline, next, moments })
  try {
    const variables = { DEPLOY_KIT_BASELINE: version }
    const timeoutMs = deadline.remainingMs()
    await runCommand(inputs.rollbackCommand ?? '', { name: 'rollback-command', variables, timeoutMs, context })
  } catch (error) {
    if (!(error instanceof ActionError) || error.code !== 'wrong-state') throw error
    const headline = `'${version}' may not have been restored: ${error.message.replace(/\.$/, '')}`
    return failed(headline, `Look at what runs. ${error.advice} Set DEPLOY_KIT_BASELINE to '${version}' for it.`)
  }
  moments.push({ at: context.clock.date(), kind: 'ended', what: 'rollback-command exited with 0' })
  if (inputs.captureCommand !== undefined) {
    const now = await waitForVersion(inputs.captureCommand, tools)
    moments.push({ at: context.clock.date(), kind: 'ended', what: now.state })
    if (!now.isRestored) {
      const headline = `rollback-command exited with 0, but ${now.state} and not '${version}'`
      return failed(headline, 'Look at what runs, and whether rollback-command does what it is meant to do.')
    }
  }
  context.setOutput('rolled-back', true)
  const verification = await verifyHealth(inputs, deadline, context)
  if (verification) moments.push({ at: context.clock.date(), kind: 'verified', what: verification.text })
  const outcome = verification?.healthy === false ? 'failed' : 'rolled-back'
  return { outcome, headline: `'${version}' was restored${inPlaceOf(tools)}`, moments, verification }
}

function inPlaceOf({ running }: Tools): string {
  return running === undefined ? '' : ` in place of '${running}'`
}

/** Undefined when it cannot be told: then restoring is the safe side. */
async function whatRuns(inputs: Inputs, deadline: Deadline, context: ActionContext): Promise<string | undefined> {
  if (inputs.captureCommand === undefined) return undefined
  try {
    const timeoutMs = Math.min(LONGEST_QUESTION_MS, deadline.remainingMs() / 2)
    return await captureVersion(inputs.captureCommand, { timeoutMs, context })
  } catch (error) {
    if (!(error instanceof ActionError) || error.code !== 'wrong-state') throw error
    context.log.warning(`What runs now cannot be told, so it is restored. ${messageOf(error)}`)
    return undefined
  }
}

/** A command may return before what it asked for has happened. */
async function waitForVersion(command: string, tools: Tools): Promise<{ isRestored: boolean; state: string }> {
  const { version, inputs, deadline, context } = tools
  const { kind, last } = await waitUntil({
    look: async () => {
      const state = await captureVersion(command, { timeoutMs: deadline.remainingMs(), context, isQuiet: true }).then(
        (value) => ({ value, state: `capture-command prints '${value}'` }),
        (error: unknown) => ({ value: undefined, state: messageOf(error).replace(/\.$/, '') }),
      )
      return { verdict: state.value === version ? 'pass' : 'pending', state: state.state, value: undefined }
    },
    timeoutMs: deadline.totalMs,
    everyMs: pauseWithin(inputs.interval, inputs.timeout),
    deadline,
    signal: context.signal,
    clock: context.clock,
    report: (line) => context.log.info(line),
  })
  if (kind === 'cancelled')
    throw new CancelledError(`rollback-command exited with 0; whether '${version}' runs was no longer waited for.`)
  return { isRestored: kind === 'passed', state: last?.state ?? 'capture-command did not answer in time' }
}

function conclude(end: End, { version, running = '', inputs, context }: Tools): Verdict {
  const { outcome, headline, next = '', moments = [], verification } = end
  context.setOutput('outcome', outcome)
  context.setOutput('report', [{ outcome, reason: headline, next, from: running, to: version }])
  const proof = verification === undefined ? '' : `${outcome === 'failed' ? ', but' : ', and'} ${verification.text}`
  const fails = outcome === 'failed' || (outcome === 'rolled-back' && inputs.failAfterRollback)
  return {
    conclusion: fails ? 'failed' : 'success',
    headline: `${headline}${proof}`,
    ...(next !== '' && { details: next }),
    summary: blocks(
      table(['outcome', 'from', 'to'], [[outcome, code(running), code(version)]]),
      next === '' ? '' : `**Next:** ${escapeMarkdown(next)}`,
      renderTimeline(moments, outcome === 'rolled-back'),
      verification === undefined ? '' : escapeMarkdown(`Verification: ${verification.text}.`),
    ),
  }
}
