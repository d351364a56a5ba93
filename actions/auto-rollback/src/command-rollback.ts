import type { ActionContext, Verdict } from '@deploy-kit/core/action'
import type { Deadline } from '@deploy-kit/core/deadline'
import { ActionError, messageOf } from '@deploy-kit/core/errors'
import { blocks, code, escapeMarkdown, table } from '@deploy-kit/core/markdown'
import { waitUntil } from '@deploy-kit/core/wait'
import { runCommand } from './command.ts'
import { type Armed, announceArming } from './guard.ts'
import type { Inputs } from './inputs.ts'
import type { CommandBaseline } from './saved-baseline.ts'
import { type Verification, verifyHealth } from './verification.ts'

interface Tools {
  readonly inputs: Inputs
  readonly deadline: Deadline
  readonly context: ActionContext
}

/** Mode guard for anything that is not ECS: remembers what the command prints. */
export async function captureByCommand(
  command: string,
  inputs: Inputs,
  deadline: Deadline,
  context: ActionContext,
): Promise<Armed<CommandBaseline>> {
  const value = await capture(command, deadline, context)
  return {
    baseline: { version: 1, kind: 'command', capturedAt: context.clock.date().toISOString(), value },
    headline: announceArming([`'${value}'`], inputs),
    summary: table(['put back if the job fails'], [[code(value)]]),
  }
}

async function capture(command: string, deadline: Deadline, context: ActionContext): Promise<string> {
  const value = (await runCommand(command, { name: 'capture-command', deadline, context })).trim()
  if (value !== '') return value
  throw new ActionError('wrong-state', 'capture-command printed nothing, so there is no version to remember.', {
    advice: 'Let it print the version that runs, and exit with another code than 0 when it cannot.',
  })
}

/** Restores what is not ECS, and proves it where it can: by asking capture-command again, and by verify-url. */
export async function restoreByCommand(
  version: string,
  inputs: Inputs,
  deadline: Deadline,
  context: ActionContext,
): Promise<Verdict> {
  const tools = { inputs, deadline, context }
  context.setOutput('to', version)
  context.setOutput('rolled-back', false)
  const running = await whatRuns(tools)
  if (running !== undefined) context.setOutput('from', running)
  if (running === version)
    return conclude({ outcome: 'not-needed', headline: `Nothing to restore: '${version}' runs` }, tools)
  const from = running === undefined ? '' : ` in place of '${running}'`
  if (inputs.dryRun) {
    context.setOutput('outcome', 'not-needed')
    const headline = `Dry run: '${version}' would be restored${from} by rollback-command. Nothing was changed`
    return { conclusion: 'success', headline, summary: '' }
  }
  const name = 'rollback-command'
  await runCommand(inputs.rollbackCommand ?? '', {
    name,
    variables: { DEPLOY_KIT_BASELINE: version },
    deadline,
    context,
  })
  if (inputs.captureCommand !== undefined) {
    const now = await waitForVersion(version, inputs.captureCommand, tools)
    if (now !== version) {
      const headline = `rollback-command exited with 0, but capture-command prints '${now}' and not '${version}'`
      return conclude({ outcome: 'failed', headline }, tools)
    }
  }
  context.setOutput('rolled-back', true)
  const verification = await verifyHealth(inputs, deadline, context)
  const headline = `'${version}' was restored${from}`
  return conclude(
    { outcome: verification?.healthy === false ? 'failed' : 'rolled-back', headline, verification },
    tools,
  )
}

/** Undefined when it cannot be told: then restoring is the safe side. */
async function whatRuns({ inputs, deadline, context }: Tools): Promise<string | undefined> {
  if (inputs.captureCommand === undefined) return undefined
  try {
    return await capture(inputs.captureCommand, deadline, context)
  } catch (error) {
    if (!(error instanceof ActionError) || error.code !== 'wrong-state') throw error
    context.log.warning(`What runs now cannot be told, so it is restored. ${messageOf(error)}`)
    return undefined
  }
}

/** A command may return before what it asked for has happened. */
async function waitForVersion(version: string, command: string, tools: Tools): Promise<string> {
  const { inputs, deadline, context } = tools
  const { last } = await waitUntil({
    look: async () => {
      const value = await capture(command, deadline, context).catch((error: unknown) => messageOf(error))
      return { verdict: value === version ? 'pass' : 'pending', state: `capture-command prints '${value}'`, value }
    },
    timeoutMs: deadline.totalMs,
    everyMs: inputs.interval,
    deadline,
    signal: context.signal,
    clock: context.clock,
    report: (line) => context.log.info(line),
  })
  return last?.value ?? ''
}

function conclude(
  end: { outcome: 'not-needed' | 'rolled-back' | 'failed'; headline: string; verification?: Verification | undefined },
  { inputs, context }: Tools,
): Verdict {
  const { outcome, headline, verification } = end
  context.setOutput('outcome', outcome)
  context.setOutput('report', [{ outcome, reason: headline }])
  const proof = verification === undefined ? '' : `${outcome === 'failed' ? ', but' : ', and'} ${verification.text}`
  const fails = outcome === 'failed' || (outcome === 'rolled-back' && inputs.failAfterRollback)
  return {
    conclusion: fails ? 'failed' : 'success',
    headline: `${headline}${proof}`,
    summary: blocks(verification === undefined ? '' : escapeMarkdown(`Verification: ${verification.text}.`)),
  }
}
