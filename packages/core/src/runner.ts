import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import * as core from '@actions/core'
import type { Action } from './action.ts'
import { systemClock } from './clock.ts'
import { messageOf } from './errors.ts'
import { execute } from './execution.ts'
import type { Fields } from './inputs.ts'
import type { Platform } from './platform.ts'

/** GitHub gives a cancelled step 7.5 s before SIGTERM and 2.5 s more before SIGKILL; the clean-up has to fit. */
const CLEAN_UP_MS = 5000
/** What is still running then is given up. */
const LAST_WORDS_MS = 6000

/**
 * Runs the main step in this process and ends the process. Programs do not await it: ncc wraps an awaited top level in
 * such a way that V8 compiles the program twice, which is 4 ms of a step's start.
 */
export function runMain<F extends Fields>(action: Action<F>): Promise<never> {
  return runPhase(action, 'main')
}

/** Runs the post step in this process and ends the process. */
export function runPost<F extends Fields>(action: Action<F>): Promise<never> {
  return runPhase(action, 'post')
}

async function runPhase<F extends Fields>(action: Action<F>, phase: 'main' | 'post'): Promise<never> {
  // Should nothing be left to wait for before there is a verdict, the step must not be green.
  process.exitCode = 1
  const cancelled = new AbortController()
  const cleanUpOver = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (cancelled.signal.aborted) return
      process.stdout.write(`Received ${signal}: stopping now.\n`)
      cancelled.abort()
      setTimeout(() => cleanUpOver.abort(), CLEAN_UP_MS)
      setTimeout(() => giveUp(action.name), LAST_WORDS_MS)
    })
  }
  const exitCode = await execute(action, {
    phase,
    platform: githubPlatform,
    clock: systemClock,
    signal: cancelled.signal,
    cleanUpSignal: cleanUpOver.signal,
  })
  return exit(exitCode)
}

function giveUp(name: string): void {
  core.error('The step was cancelled and its clean-up did not end in time. Look at the state of the service by hand.', {
    title: `deploy-kit ${name}`,
  })
  void exit(1)
}

/** Ends the process even when a socket is still open: nothing in flight outlives the step. */
async function exit(code: number): Promise<never> {
  await new Promise((resolve) => process.stdout.write('', resolve))
  if (process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap')) abandonLookups(code)
  process.exit(code)
}

/**
 * Ends the process while a name server still owes it an answer. Such a lookup cannot be cancelled, and Node would wait
 * for the thread that it blocks, 40 s and more; another program in place of this one takes no thread along.
 */
function abandonLookups(code: number): void {
  // Windows cannot do that, and Node throws there; the wait remains.
  if (process.platform === 'win32') return
  // execve is experimental in Node 24; the log has no use for a warning about that.
  process.removeAllListeners('warning')
  process.execve?.('/bin/sh', ['sh', '-c', `exit ${code}`], {})
}

const ANNOTATE = { error: core.error, warning: core.warning, notice: core.notice } as const

const githubPlatform: Platform = {
  environment: process.env,
  writeLine: (line) => {
    process.stdout.write(`${line}\n`)
  },
  async drained() {
    // A pipe takes what it is given, into memory.
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain')
  },
  mask: (text) => core.setSecret(text),
  setOutput: (name, value) => core.setOutput(name, value),
  saveState: (name, value) => core.saveState(name, value),
  readState: (name) => core.getState(name),
  appendSummary: (markdown) => {
    // Unset outside GitHub and in a rehearsal by hand; the log has the verdict then.
    const file = process.env.GITHUB_STEP_SUMMARY ?? ''
    if (file === '') return
    try {
      appendFileSync(file, markdown)
    } catch (error) {
      // The verdict stands without it.
      process.stdout.write(`The job summary could not be written: ${messageOf(error)}\n`)
    }
  },
  annotate: (level, title, message) => {
    ANNOTATE[level](message, { title })
  },
}
