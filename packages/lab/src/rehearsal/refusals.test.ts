import { expect, test } from 'vitest'
import { Refusal } from './refusal.ts'
import { runWorkflow } from './run-workflow.ts'
import { type RehearsalSetting, rehearse, steps, writeReleaseTree } from './testing/rehearsed.ts'
import type { RunEvent } from './workflow-run.ts'

/** The messages of the refusal; a run that was not refused fails the test. */
async function refusalOf(workflow: string, setting: RehearsalSetting = {}): Promise<readonly string[]> {
  const error = await rehearse(workflow, { ...setting, onEvent: refuseSteps }).catch((thrown: unknown) => thrown)
  if (!(error instanceof Refusal)) throw new Error('It was not refused', { cause: error })
  return error.message.split('\n')
}

const refuseSteps = ({ kind }: RunEvent) => {
  if (kind !== 'notice') throw new Error(`Something ran: ${kind}`)
}

const file = '.github/workflows/test.yml'

test('a key that workflows do not have is refused with its line and column', async () => {
  expect(await refusalOf('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    step: []\n')).toEqual([
    `${file}:5:5: Unexpected value 'step'`,
  ])
})

test('text that is not YAML is refused where it stops being so', async () => {
  expect((await refusalOf('on: push\njobs: [\n'))[0]).toMatch(/^\.github\/workflows\/test\.yml:\d+:\d+: /)
})

test('contexts and functions that do not exist, or not there, are refused', async () => {
  expect(await refusalOf(steps(`- run: echo \${{ foo.bar }}\n- run: echo \${{ nope() }}`))).toEqual([
    `${file}:7:19: Unrecognized named-value: 'foo'`,
    `${file}:8:19: Unrecognized function: 'nope'`,
  ])
  expect(await refusalOf(steps('- if: secrets.X\n  run: echo'))).toEqual([
    `${file}:7:13: Unrecognized named-value: 'secrets'`,
  ])
})

test('an expression that is not closed is refused', async () => {
  expect((await refusalOf(steps(`- run: echo \${{ github.sha }`)))[0]).toContain('The expression is not closed')
})

test('jobs that need each other, or one that is not there, are refused', async () => {
  const job = (needs: string) => `{ needs: ${needs}, runs-on: ubuntu-latest, steps: [{ run: echo }] }`
  const workflow = `on: push\njobs:\n  z: { runs-on: ubuntu-latest, steps: [{ run: echo }] }\n  a: ${job('b')}\n  b: ${job('a')}\n  c: ${job('d')}\n`
  expect((await refusalOf(workflow)).toSorted()).toEqual([
    `${file}:4:15: Job 'a' depends on job 'b' which creates a cycle in the dependency graph.`,
    `${file}:5:15: Job 'b' depends on job 'a' which creates a cycle in the dependency graph.`,
    `${file}:6:15: Job 'c' depends on unknown job 'd'.`,
  ])
})

test('a job that has nothing to do is refused', async () => {
  const job = 'runs-on: ubuntu-latest'
  expect(await refusalOf(`on: push\njobs:\n  a: { ${job} }\n  b: { ${job}, steps: [] }\n`)).toEqual([
    `${file}:3:3: No steps defined in \`steps\` and no workflow called in \`uses\` for the job 'a'`,
    `${file}:4:3: No steps defined in \`steps\` and no workflow called in \`uses\` for the job 'b'`,
  ])
})

test('two steps with one id are refused', async () => {
  const problems = await refusalOf(steps('- id: a\n  run: echo\n- id: a\n  run: echo'))
  expect(problems).toEqual([`${file}:9:13: The identifier 'a' may not be used more than once within the same scope.`])
})

test('two steps whose ids differ in case alone are refused', async () => {
  expect(await refusalOf(steps('- { id: a, run: echo }\n- { id: A, run: echo }'))).toEqual([
    `${file}:8:9: The identifier 'A' may not be used more than once within the same scope.`,
  ])
})

test('an event that is filtered by what passes and by what does not is refused', async () => {
  const on = 'on:\n  push: { branches: [main], branches-ignore: [old], paths: [a], paths-ignore: [b] }\n'
  expect(await refusalOf(`${on}jobs:\n  a: { runs-on: ubuntu-latest, steps: [{ run: echo }] }\n`)).toEqual([
    `${file}:2:3: you may only define one of \`branches\` and \`branches-ignore\` for a single event`,
    `${file}:2:3: you may only define one of \`paths\` and \`paths-ignore\` for a single event`,
  ])
})

test('a matrix that excludes by a key it does not have is refused', async () => {
  const strategy = 'strategy: { matrix: { a: [1, 2], exclude: [{ b: 1 }] } }'
  expect(await refusalOf(steps('- run: echo', strategy))).toEqual([
    `${file}:5:25: Matrix exclude key 'b' does not match any key within the matrix`,
  ])
})

test('containers and services are refused, since there is no engine', async () => {
  const problems = await refusalOf(steps('- run: echo', 'container: node:24\nservices:\n  db: { image: postgres }'))
  expect(problems).toEqual([
    `${file}:5:16: Job 'test' runs in a container; the rehearsal has no container engine`,
    expect.stringMatching(/^\.github\/workflows\/test\.yml:7:\d+: Job 'test' has service containers; /),
  ])
})

test('another system than this one is refused, also as a value of the matrix', async () => {
  const other = process.platform === 'win32' ? 'ubuntu-latest' : 'windows-latest'
  const literal = `on: push\njobs:\n  a:\n    runs-on: ${other}\n    steps: [{ run: echo }]\n`
  expect(await refusalOf(literal)).toEqual([expect.stringContaining(`${file}:4:14: The job runs on ${other}; `)])
  const inMatrix = `on: push\njobs:\n  a:\n    strategy: { matrix: { os: [${other}] } }\n    runs-on: \${{ matrix.os }}\n    steps: [{ run: echo }]\n`
  expect(await refusalOf(inMatrix)).toEqual([expect.stringContaining(`${file}:5:14: The job runs on ${other}; `)])
})

test('an action that nobody stands in for is refused by name, with the flags that help', async () => {
  expect(await refusalOf(steps('- uses: docker/login-action@v3'))).toEqual([
    `${file}:7:15: The rehearsal does not know the action docker/login-action; take it from a local folder with --action docker/login-action=<folder>, or leave it out with --skip-action docker/login-action`,
  ])
})

test('what is no action, or a container, is refused', async () => {
  const problems = await refusalOf(steps('- uses: actions/checkout\n- uses: docker://alpine:3'))
  expect(problems[0]).toContain(`${file}:7:15: 'actions/checkout' is no action`)
  expect(problems[1]).toContain(`${file}:8:15: docker://alpine:3 is a container`)
})

test('an unknown action in a committed composite action is refused with the line in that file', async () => {
  const action = `name: a\ndescription: a\nruns:\n  using: composite\n  steps:\n    - uses: docker/login-action@v3\n`
  const files = { 'ship/action.yml': action }
  const problems = await refusalOf(steps('- uses: ./ship'), { files, isCommitted: true })
  expect(problems).toEqual([expect.stringMatching(/^ship\/action\.yml:6:13: .* docker\/login-action;/)])
})

test('a local action that needs a container is refused', async () => {
  const files = { 'action.yml': 'name: a\ndescription: a\nruns:\n  using: docker\n  image: Dockerfile\n' }
  const problems = await refusalOf(steps('- uses: ./'), { files, isCommitted: true })
  expect(problems).toEqual(['action.yml:4:10: The action runs in a container, which the rehearsal cannot do'])
})

test('an unknown action of deploy-kit is refused with the names of those there are', async () => {
  const releaseTree = await writeReleaseTree()
  const problems = await refusalOf(steps('- uses: org/deploy-kit/health-chek@v1'), { releaseTree })
  expect(problems).toEqual([`${file}:7:15: deploy-kit has no action 'health-chek'; its actions are greet`])
})

test('a shell that this machine does not have is refused', async () => {
  expect(await refusalOf(steps('- run: dir\n  shell: no-such-shell {0}'))).toEqual([
    `${file}:8:16: The shell no-such-shell is not installed on this machine`,
  ])
})

test('checkouts that the stand-in cannot do are refused', async () => {
  const workflow = steps('- uses: actions/checkout@v4\n  with: { submodules: true }')
  expect(await refusalOf(workflow)).toEqual([
    `${file}:8:29: The rehearsal's stand-in for actions/checkout@v4 does not support 'submodules'`,
  ])
})

test('a job whose condition is false from the start may ask for anything', async () => {
  const workflow = steps('- run: echo', "container: node:24\nif: github.event_name == 'release'")
  expect((await rehearse(workflow)).jobs[0]?.conclusion).toBe('skipped')
})

test('a file that is not there is refused', async () => {
  await expect(runWorkflow({ workflowFile: '/nowhere/deploy.yml' })).rejects.toThrow(
    '/nowhere/deploy.yml: There is no such workflow file',
  )
  const folder = await runWorkflow({ workflowFile: '/' }).catch((error: Error) => error)
  expect(folder).toBeInstanceOf(Refusal)
  expect((folder as Error).message).toBe('/: It is no file; name one of the workflows')
})
