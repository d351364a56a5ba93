import { expect, test } from 'vitest'
import { jobOf, outcomes, printedBy, type RehearsalSetting, rehearse, stepOf, steps } from './testing/rehearsed.ts'

/** Cancels the run as soon as a step prints `ready`. */
function cancellingWhenReady(): Pick<RehearsalSetting, 'signal' | 'onEvent'> {
  const controller = new AbortController()
  return {
    signal: controller.signal,
    onEvent: (event) => {
      if (event.kind === 'logged' && event.line.kind === 'text' && event.line.text === 'ready') controller.abort()
    },
  }
}

const waiting = `const signals = []
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { console.log(signal); process.exit(0) })
console.log('ready')
setInterval(() => {}, 1000)
`
const files = {
  'wait/action.yml': `name: wait
description: waits
runs: { using: node24, main: main.mjs, post: post.mjs, post-if: "failure() || cancelled()" }
`,
  'wait/main.mjs': waiting,
  'wait/post.mjs': "console.log('put back')",
}

// A step that ignores its signals has ten seconds, in which the others run.
test.concurrent('a cancelled step gets SIGINT; always() and post steps run, the others and the jobs after it do not', async () => {
  const run = await rehearse(
    `${steps(`
- uses: actions/checkout@v4
- { name: Wait, uses: ./wait }
- { name: plain, run: echo }
- { name: on failure, if: failure(), run: echo }
- { name: on cancel, if: cancelled(), run: echo }
- { name: always, if: always(), run: echo }`)}  after: { needs: test, runs-on: ubuntu-latest, steps: [{ run: echo }] }
`,
    { ...cancellingWhenReady(), files, isCommitted: true },
  )
  expect(outcomes(run).slice(1)).toEqual([
    ...['Wait: cancelled', 'plain: skipped', 'on failure: skipped', 'on cancel: success', 'always: success'],
    'Post Wait: success',
  ])
  expect(printedBy(stepOf(run, 'Wait'))).toEqual(['ready', 'SIGINT'])
  expect(printedBy(stepOf(run, 'Post Wait'))).toEqual(['put back'])
  expect(run.jobs.map(({ name, conclusion }) => `${name} ${conclusion}`)).toEqual(['test cancelled', 'after cancelled'])
  expect(run.conclusion).toBe('cancelled')
})

test.concurrent('a step whose condition holds for a cancelled job is not interrupted', async () => {
  const run = await rehearse(
    steps('- { id: a, if: always(), run: "echo ready; sleep 0.3; echo finished" }\n- { id: b, run: echo }'),
    cancellingWhenReady(),
  )
  expect(printedBy(stepOf(run, 'a'))).toEqual(['ready', 'finished'])
  expect(stepOf(run, 'a').outcome).toBe('success')
  expect(stepOf(run, 'b').outcome).toBe('skipped')
  expect(jobOf(run).conclusion).toBe('cancelled')
})

test.concurrent('a job whose condition is always() goes on when the run is cancelled, and one that asks for cancelled() runs', async () => {
  const run = await rehearse(
    `on: push
jobs:
  one: { runs-on: ubuntu-latest, steps: [{ run: "echo ready; exec sleep 600" }] }
  two: { if: always(), runs-on: ubuntu-latest, steps: [{ run: "sleep 0.5; echo done" }] }
  three: { needs: one, if: cancelled(), runs-on: ubuntu-latest, steps: [{ run: echo }] }
`,
    cancellingWhenReady(),
  )
  expect(run.jobs.map(({ name, conclusion }) => `${name} ${conclusion}`)).toEqual([
    ...['one cancelled', 'two success', 'three success'],
  ])
})

test.concurrent('a signal to a run step goes to the shell, and a step that ignores it is killed in the end', async () => {
  const run = await rehearse(
    steps("- { id: a, run: \"trap 'echo INT' INT; trap 'echo TERM' TERM; echo ready; while :; do sleep 0.1; done\" }"),
    cancellingWhenReady(),
  )
  expect(stepOf(run, 'a').outcome).toBe('cancelled')
  expect(printedBy(stepOf(run, 'a'))).toEqual(['ready', 'INT', 'TERM'])
})

test.concurrent('when the time after a cancellation is over, everything ends', async () => {
  const run = await rehearse(
    steps(`
- { id: a, run: "echo ready; exec sleep 600" }
- { id: b, if: always(), run: exec sleep 600 }
- { id: c, if: always(), run: echo }`),
    { ...cancellingWhenReady(), cancelGraceMs: 300 },
  )
  expect(['a', 'b', 'c'].map((id) => stepOf(run, id).outcome)).toEqual(['cancelled', 'cancelled', 'cancelled'])
})
