import { expect, test } from 'vitest'
import {
  jobOf,
  outcomes,
  printed,
  printedBy,
  rehearse,
  stepOf,
  steps,
  writeReleaseTree,
  writeRepository,
} from './testing/rehearsed.ts'

const phases = `name: phases
description: Says which of its phases runs
inputs:
  who: { description: who, default: nobody }
runs:
  using: node24
  pre: say.mjs
  main: say.mjs
  post: say.mjs
  post-if: PLACEHOLDER
`
const say = `import { appendFileSync } from 'node:fs'
const { INPUT_WHO, STATE_seen = '' } = process.env
console.log(INPUT_WHO + ' after ' + (STATE_seen || 'nothing'))
appendFileSync(process.env.GITHUB_STATE, 'seen=' + STATE_seen + 'x\\n')
`

/** An action with all three phases, known to the run as `acme/phases`. */
function phasesAction(postIf = 'always()') {
  return { 'phases/action.yml': phases.replace('PLACEHOLDER', postIf), 'phases/say.mjs': say }
}

async function rehearsePhases(workflow: string, postIf?: string) {
  const { root } = await writeRepository('', { files: phasesAction(postIf) })
  return rehearse(workflow, { actionFolders: { 'acme/phases': `${root}/phases` } })
}

test('every pre runs before the first step and every post after the last, in reverse order', async () => {
  const run = await rehearsePhases(
    steps(`
- run: echo first
- { name: A, uses: acme/phases@v1, with: { who: a } }
- { name: B, uses: acme/phases@v1, with: { who: b } }`),
  )
  expect(outcomes(run)).toEqual(
    ['Pre A', 'Pre B', 'Run echo first', 'A', 'B', 'Post B', 'Post A'].map((name) => `${name}: success`),
  )
  expect(printed(run)).toEqual([
    ...['a after nothing', 'b after nothing', 'first', 'a after x', 'b after x', 'b after xx', 'a after xx'],
  ])
  expect(run.notices[0]).toContain('acme/phases is taken from /')
})

test('a post step runs after a failure too, and its post-if sees the job’s status', async () => {
  const workflow = steps('- { name: A, uses: acme/phases@v1 }\n- { name: broken, run: exit 1 }')
  expect(outcomes(await rehearsePhases(workflow, 'failure() || cancelled()'))).toContain('Post A: success')
  expect(outcomes(await rehearsePhases(workflow, 'success()'))).toContain('Post A: skipped')
})

test('a skipped step has a post step only if its pre has run', async () => {
  const workflow = steps('- { name: A, uses: acme/phases@v1, if: false }')
  expect(outcomes(await rehearsePhases(workflow))).toEqual(['Pre A: success', 'A: skipped', 'Post A: success'])
})

test('an action of deploy-kit is taken from the release tree, whoever owns it', async () => {
  const run = await rehearse(
    steps(`
- { id: g, uses: some-org/deploy-kit/greet@v1, with: { who: you } }
- run: echo "\${{ steps.g.outputs.greeting }}"`),
    { releaseTree: await writeReleaseTree() },
  )
  expect(printed(run)).toEqual(['Hello you', 'Hello you'])
})

test('inputs have the defaults of action.yml, in upper case, and unknown ones are passed on with a warning', async () => {
  const files = {
    'own/action.yml': `name: own
description: own
inputs:
  base-url: { description: u, default: "https://\${{ github.repository }}" }
  old: { description: o, deprecationMessage: use base-url }
runs: { using: node24, main: main.mjs }
`,
    'own/main.mjs': `console.log(process.env['INPUT_BASE-URL'], process.env.INPUT_MY_NAME, process.env.GITHUB_ACTION)`,
  }
  const run = await rehearse(
    steps('- uses: actions/checkout@v4\n- { id: o, uses: ./own, with: { My Name: x, old: y } }'),
    { files, isCommitted: true },
  )
  expect(printedBy(stepOf(run, 'o'))[0]).toMatch(/^https:\/\/octo-org\/rehearsed-\w+ x o$/)
  expect(stepOf(run, 'o').annotations.map(({ message }) => message)).toEqual([
    "Input 'old' has been deprecated with message: use base-url",
    "Unexpected input(s) 'My Name', valid inputs are ['base-url', 'old']",
  ])
})

const composite = `name: build
description: A composite action
inputs:
  target: { description: t, default: all }
outputs:
  made: { description: m, value: "\${{ steps.make.outputs.made }} \${{ steps.inner.outcome }}" }
runs:
  using: composite
  steps:
    - { id: make, shell: bash, run: 'echo "made=\${{ inputs.target }} in \${{ env.WHERE }}" >> "$GITHUB_OUTPUT"; echo "FROM_INSIDE=1" >> "$GITHUB_ENV"' }
    - { id: inner, uses: acme/phases@v1, with: { who: "\${{ inputs.target }}" } }
    - { shell: sh, run: 'cat "$GITHUB_ACTION_PATH/note.txt"; echo "$FROM_INSIDE \${{ steps.outer.outcome }}"' }
`

test('a composite action has steps, inputs and outputs of its own, and its actions have pre and post', async () => {
  const files = { ...phasesAction(), 'build/action.yml': composite, 'build/note.txt': 'note\n' }
  const { root } = await writeRepository('', { files })
  const run = await rehearse(
    steps(`
- { id: outer, run: echo start }
- { id: b, name: Build, uses: acme/build@v1, with: { target: app }, env: { WHERE: here } }
- run: echo "\${{ steps.b.outputs.made }} $FROM_INSIDE \${{ steps.make.outcome }}"`),
    { actionFolders: { 'acme/build': `${root}/build`, 'acme/phases': `${root}/phases` } },
  )
  expect(outcomes(run)).toEqual(
    ['Pre Build', 'Run echo start', 'Build', expect.any(String), 'Post Build'].map((name) =>
      typeof name === 'string' ? `${name}: success` : name,
    ),
  )
  expect(printed(run)).toEqual([
    ...['app after nothing', 'start', 'app after x', 'note', '1 ', 'app in here success 1 ', 'app after xx'],
  ])
  expect(stepOf(run, 'b').steps.map((step) => step.id ?? step.name)).toEqual([
    'make',
    'inner',
    'Run cat "$GITHUB_ACTION_PATH/note.txt"; echo "$FROM_INSIDE "',
  ])
})

test('a failure inside a composite action skips its other steps and fails the step that uses it', async () => {
  const action = `name: a
description: a
runs:
  using: composite
  steps:
    - { id: one, shell: bash, run: exit 4 }
    - { id: two, shell: bash, run: echo }
    - { id: three, shell: bash, if: failure(), run: echo cleanup }
`
  const run = await rehearse(steps('- uses: actions/checkout@v4\n- { id: a, uses: ./ }'), {
    files: { 'action.yml': action },
    isCommitted: true,
  })
  expect(stepOf(run, 'a').steps.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
    ...['one failure', 'two skipped', 'three success'],
  ])
  expect(stepOf(run, 'a').outcome).toBe('failure')
})

test('a local action without a checkout fails and says what was forgotten', async () => {
  const run = await rehearse(steps('- { id: a, uses: ./mine }'))
  expect(stepOf(run, 'a').annotations[0]?.message).toContain('Did you forget to run actions/checkout')
})

test('a skipped action succeeds without doing anything, and says so', async () => {
  const run = await rehearse(steps('- { id: a, uses: docker/login-action@v3 }'), {
    skippedActions: ['docker/login-action'],
  })
  expect(stepOf(run, 'a')).toMatchObject({ outcome: 'success', remark: 'skipped, as --skip-action says' })
  expect(run.notices[0]).toContain('docker/login-action is skipped')
})

test('a folder without action.yml is refused', async () => {
  const attempt = rehearse(steps('- uses: a/b@v1'), { actionFolders: { 'a/b': '/nowhere' } })
  await expect(attempt).rejects.toThrow('There is no action.yml in /nowhere, the folder given for a/b')
})

test('an action that dies without a word is said to have done so', async () => {
  const files = {
    'action.yml': 'name: a\ndescription: a\nruns: { using: node24, main: main.mjs }\n',
    'main.mjs': 'process.exit(7)',
  }
  const run = await rehearse(steps('- uses: actions/checkout@v4\n- { id: a, uses: ./ }'), { files, isCommitted: true })
  expect(jobOf(run).annotations.map(({ message }) => message)).toEqual([
    'The action ended with exit code 7 and did not say why.',
  ])
})
