import { expect, test } from 'vitest'
import { expectGone } from '../testing/process-tree.ts'
import { jobOf, outcomes, printed, printedBy, rehearse, stepOf, steps } from './testing/rehearsed.ts'

test('a step runs in bash, line by line, until one fails', async () => {
  const run = await rehearse(steps('- run: |\n    echo one\n    false\n    echo two\n  id: a'))
  expect(printed(run)).toEqual(['one'])
  expect(stepOf(run, 'a')).toMatchObject({ name: 'Run echo one', outcome: 'failure' })
  expect(stepOf(run, 'a').annotations.map(({ message }) => message)).toEqual(['Process completed with exit code 1.'])
  expect(run.conclusion).toBe('failure')
})

test('only `shell: bash` stops at a failure inside a pipe', async () => {
  const run = await rehearse(steps('- run: false | true\n- run: false | true\n  shell: bash'))
  expect(jobOf(run).steps.map((step) => step.outcome)).toEqual(['success', 'failure'])
})

test('sh, python and templates of one’s own are shells too', async () => {
  const run = await rehearse(
    steps(`
- run: echo "$0" | grep -q '\\.sh$' && echo sh
  shell: sh
- run: print(1 + 1)
  shell: python3 {0}
- run: console.log(process.argv.slice(2).join())
  shell: node {0} "one word" two`),
  )
  expect(printed(run)).toEqual(['sh', '2', 'one word,two'])
})

test('an expression in a block of text leaves the text as it is', async () => {
  const run = await rehearse(
    steps(`
- run: |
    cat <<'END'
      it's "in" {braces} and ''quotes'' \${{ github.event_name }}
    END
- run: >-
    echo folded
    \${{ github.job }}`),
  )
  expect(printed(run)).toEqual([`  it's "in" {braces} and ''quotes'' push`, 'folded test'])
})

test('env of the workflow, the job and the step: the nearest wins, and what GITHUB_ENV says holds from the next step on', async () => {
  const workflow = `on: push
env: { A: workflow, B: workflow, C: workflow }
jobs:
  test:
    runs-on: ubuntu-latest
    env: { B: job, C: job }
    steps:
      - run: echo "$A $B $C \${{ env.C }}"
        env: { C: step }
      - run: echo "C=later" >> "$GITHUB_ENV"; echo "$C"
      - run: echo "$C \${{ env.C }}"
`
  expect(printed(await rehearse(workflow))).toEqual(['workflow job step step', 'job', 'later later'])
})

test('outputs go from step to step, several lines too', async () => {
  const run = await rehearse(
    steps(`
- id: a
  run: |
    echo "one=1" >> "$GITHUB_OUTPUT"
    printf 'many<<END\\nx=y\\nz\\nEND\\n' >> "$GITHUB_OUTPUT"
- run: |
    echo "\${{ steps.a.outputs.one }}|\${{ join(fromJSON('["p","q"]')) }}|\${{ steps.a.outputs.none }}"
    echo "\${{ steps.a.outputs.many }}"`),
  )
  expect(printed(run)).toEqual(['1|p,q|', 'x=y', 'z'])
  expect(stepOf(run, 'a').outputs).toEqual({ one: '1', many: 'x=y\nz' })
})

test('after a failure only steps that ask for it run', async () => {
  const run = await rehearse(
    steps(`
- { id: a, name: broken, run: exit 3 }
- { name: plain, run: echo }
- { name: on failure, if: failure(), run: echo }
- { name: always, if: always(), run: echo }
- { name: of outcome, if: "failure() && steps.a.outcome == 'failure'", run: echo }
- { name: cancelled, if: cancelled(), run: echo }`),
  )
  expect(outcomes(run)).toEqual([
    ...['broken: failure', 'plain: skipped', 'on failure: success', 'always: success', 'of outcome: success'],
    'cancelled: skipped',
  ])
  expect(run.conclusion).toBe('failure')
})

test('continue-on-error keeps the job green and the outcome red', async () => {
  const run = await rehearse(
    steps(`
- { id: a, run: exit 1, continue-on-error: true }
- run: echo "\${{ steps.a.outcome }} \${{ steps.a.conclusion }} \${{ job.status }}"`),
  )
  expect(printed(run)).toEqual(['failure success success'])
  expect(run.conclusion).toBe('success')
})

test('a step that takes longer than its timeout-minutes is interrupted and has failed', async () => {
  const run = await rehearse(
    steps('- { id: a, run: exec sleep 600, timeout-minutes: 0.005 }\n- { run: echo, if: failure() }'),
  )
  expect(stepOf(run, 'a').annotations.map(({ message }) => message)).toEqual([
    'The action has timed out after 0.005 minutes.',
  ])
  expect(outcomes(run)).toEqual(['Run exec sleep 600: failure', 'Run echo: success'])
})

test('defaults give shell and folder, the job’s before the workflow’s', async () => {
  const workflow = `on: push
defaults: { run: { shell: sh, working-directory: a } }
jobs:
  test:
    runs-on: ubuntu-latest
    defaults: { run: { working-directory: b } }
    steps:
      - run: mkdir -p a b
        working-directory: .
      - run: basename "$PWD"
      - run: basename "$PWD"
        working-directory: a
`
  const run = await rehearse(workflow)
  expect(printed(run)).toEqual(['b', 'a'])
  expect(jobOf(run).steps[1]?.log.map(({ text }) => text)).toContain('shell: sh -e {0}')
})

test('a folder that is not there fails the step and is named', async () => {
  const run = await rehearse(steps('- { id: a, run: echo, working-directory: nowhere }'))
  expect(stepOf(run, 'a').annotations[0]?.message).toMatch(/^The working directory .*\/nowhere does not exist$/)
})

test('GITHUB_PATH puts folders in front of PATH for the steps that follow', async () => {
  const run = await rehearse(
    steps(`
- run: |
    mkdir tools && printf '#!/bin/sh\\necho mine\\n' > tools/ls && chmod +x tools/ls
    echo "$PWD/tools" >> "$GITHUB_PATH"
- run: ls`),
  )
  expect(printed(run)).toEqual(['mine'])
})

test('a step with an empty name is called by what it runs, and such a job by its key', async () => {
  const run = await rehearse(steps(`- { name: '', run: echo hello }`, "name: ''"))
  expect(jobOf(run).steps[0]?.name).toBe('Run echo hello')
})

test('names of variables keep their case in the env context, those of other contexts do not', {
  skip: process.platform === 'win32',
}, async () => {
  const run = await rehearse(
    steps(
      `
- id: one
  run: echo Key=1 >> $GITHUB_OUTPUT
- run: echo "\${{ env.Up }} [\${{ env.UP }}] \${{ env['Up'] }} \${{ STEPS.ONE.outputs.KEY }} \${{ toJSON(env) != '' }}"`,
      'env: { Up: x }',
    ),
  )
  expect(printed(run)).toEqual(['x [] x 1 true'])
})

test('hashFiles hashes what matches in the workspace', async () => {
  const run = await rehearse(
    steps(`
- run: mkdir x && echo 1 > x/a.lock && echo 2 > b.lock
- id: h
  run: echo "\${{ hashFiles('**/*.lock') }}|\${{ hashFiles('**/*.lock', '!x/**') }}|\${{ hashFiles('none') }}"`),
  )
  const [all, some, none] = printedBy(stepOf(run, 'h'))[0]!.split('|')
  expect(all).toMatch(/^[0-9a-f]{64}$/)
  expect(some).toMatch(/^[0-9a-f]{64}$/)
  expect(some).not.toBe(all)
  expect(none).toBe('')
})

test('hashFiles finds hidden files and takes a folder for all that is in it', async () => {
  const run = await rehearse(
    steps(`
- run: mkdir -p .hid/a d && echo 1 > .hid/a/x.lock && echo 2 > d/y && echo 3 > '{z}'
- id: h
  run: |
    echo "\${{ hashFiles('**/x.lock') != '' }} \${{ hashFiles('d') == hashFiles('d/*') }} \${{ hashFiles('d') != '' }}"
    echo "\${{ hashFiles('{z}') != '' }} \${{ hashFiles('{d/y,none}') == '' }} \${{ hashFiles('../**') == '' }}"
    echo "\${{ hashFiles(format('{0}/d/y', github.workspace)) == hashFiles('./d/y') }}"`),
  )
  expect(printedBy(stepOf(run, 'h')).join(' ')).toBe('true true true true true true true')
})

test('an expression that fails when its turn comes fails the step, with its place', async () => {
  const run = await rehearse(steps(`- { id: a, run: "echo \${{ fromJSON('nope') }}" }`))
  expect(stepOf(run, 'a').annotations[0]?.message).toMatch(
    /^The template is not valid\. \.github\/workflows\/test\.yml \(Line: 7, Col: \d+\): Error parsing JSON/,
  )
  expect(run.conclusion).toBe('failure')
})

test('a process left in the background serves the steps that follow, and ends with the job', async () => {
  const run = await rehearse(
    steps(`
- run: |
    sleep 600 &
    echo $! > pid
- id: a
  run: kill -0 "$(cat pid)" && cat pid`),
  )
  expect(run.conclusion).toBe('success')
  const pid = Number(printedBy(stepOf(run, 'a'))[0])
  await expectGone([pid])
})

test('nothing of the user’s own environment reaches a step but what tools need', async () => {
  process.env.MY_PRODUCTION_TOKEN = 'real'
  try {
    const run = await rehearse(steps('- run: env'))
    expect(printed(run).join('\n')).not.toContain('MY_PRODUCTION_TOKEN')
    expect(printed(run)).not.toContain(`HOME=${process.env.HOME}`)
  } finally {
    delete process.env.MY_PRODUCTION_TOKEN
  }
})

test('a step has GitHub’s own variables, its temporary folder and the event', async () => {
  const run = await rehearse(
    steps(`
- run: |
    echo "$CI $GITHUB_ACTIONS $GITHUB_JOB $GITHUB_ACTION $GITHUB_EVENT_NAME $GITHUB_REF $GITHUB_REF_NAME $GITHUB_REF_TYPE"
    test "$GITHUB_WORKSPACE" = "$PWD" && test -d "$RUNNER_TEMP" && test -d "$RUNNER_TOOL_CACHE" && echo folders
    grep -c '"ref": "refs/heads/main"' "$GITHUB_EVENT_PATH"
    echo "\${{ runner.os }} $RUNNER_ARCH" | grep -c "$RUNNER_OS"
  env: { GITHUB_JOB: mine }`),
  )
  expect(printed(run)).toEqual(['true true test __run push refs/heads/main main branch', 'folders', '1', '1'])
})
