import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jobOf, printed, rehearse, stepOf } from './testing/rehearsed.ts'

/** `id result` of each job. */
async function results(jobs: string) {
  const run = await rehearse(`on: push\njobs:\n${jobs}`)
  return Object.fromEntries(run.jobs.map((job) => [job.name, job.conclusion]))
}

function job(id: string, text: string, run = 'echo'): string {
  return `  ${id}: { runs-on: ubuntu-latest, ${text}${text === '' ? '' : ', '}steps: [{ run: ${run} }] }\n`
}

test('a job waits for those it needs and reads their outputs and results', async () => {
  const run = await rehearse(`on: push
jobs:
  second:
    needs: [first]
    runs-on: ubuntu-latest
    steps:
      - run: echo "\${{ needs.first.result }} \${{ needs.first.outputs.version }}"
  first:
    runs-on: ubuntu-latest
    outputs: { version: "v\${{ steps.a.outputs.number }}" }
    steps:
      - { id: a, run: echo number=7 >> "$GITHUB_OUTPUT" }
`)
  expect(printed(run, 'second')).toEqual(['success v7'])
  expect(jobOf(run, 'first').outputs).toEqual({ version: 'v7' })
})

test('a failure skips the jobs that need it, near and far, unless their condition asks for it', async () => {
  const jobs = [
    job('broken', '', 'exit 1'),
    job('near', 'needs: broken'),
    job('far', 'needs: near'),
    job('cleanup', 'needs: near, if: failure()'),
    job('anyway', 'needs: broken, if: always()'),
    job('after', 'needs: anyway'),
    job('named', `needs: broken, if: "always() && needs.broken.result == 'failure'"`),
    job('other', ''),
  ]
  expect(await results(jobs.join(''))).toEqual({
    broken: 'failure',
    near: 'skipped',
    far: 'skipped',
    cleanup: 'success',
    anyway: 'success',
    // success() looks at every job before it, also at the one that failed long ago.
    after: 'skipped',
    named: 'success',
    other: 'success',
  })
})

test('jobs that do not need each other run at the same time', async () => {
  const meeting = await mkdtemp(join(tmpdir(), 'rehearsal-meeting-'))
  const wait = (mine: string, other: string) => `"touch $DIR/${mine}; until test -e $DIR/${other}; do sleep 0.02; done"`
  const run = await rehearse(`on: push\njobs:\n${job('a', '', wait('a', 'b'))}${job('b', '', wait('b', 'a'))}`, {
    environment: { DIR: meeting },
  })
  await rm(meeting, { recursive: true })
  expect(run.conclusion).toBe('success')
})

test('continue-on-error of a job lets the run succeed and those that need it go on', async () => {
  const run = await rehearse(
    `on: push\njobs:\n${job('a', 'continue-on-error: true', 'exit 1')}${job('b', 'needs: a', `"echo \${{ needs.a.result }}"`)}`,
  )
  expect(jobOf(run, 'a')).toMatchObject({ conclusion: 'failure', continueOnError: true })
  expect(printed(run, 'b')).toEqual(['success'])
  expect(run.conclusion).toBe('success')
})

test('a matrix runs each combination, with its values in the name and in the context', async () => {
  const run = await rehearse(`on: push
jobs:
  test:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        size: [small, large]
        node: [22, 24]
        exclude: [{ size: large, node: 22 }]
        include: [{ size: small, color: red }, { size: extra }]
    steps:
      - run: echo "\${{ matrix.size }} \${{ matrix.node }} \${{ matrix.color }} \${{ strategy.job-index }}/\${{ strategy.job-total }}"
`)
  expect(run.jobs.map(({ name }) => name)).toEqual([
    'test (small, 22, red)',
    'test (small, 24, red)',
    'test (large, 24)',
    'test (extra)',
  ])
  expect(run.jobs.map(({ name }) => printed(run, name)[0])).toEqual([
    'small 22 red 0/4',
    'small 24 red 1/4',
    'large 24  2/4',
    'extra   3/4',
  ])
})

test('a matrix can come from the output of another job', async () => {
  const run = await rehearse(`on: push
jobs:
  plan:
    runs-on: ubuntu-latest
    outputs: { list: "\${{ steps.a.outputs.list }}" }
    steps: [{ id: a, run: "echo 'list=[{\\"name\\":\\"x\\"},{\\"name\\":\\"y\\"}]' >> $GITHUB_OUTPUT" }]
  each:
    needs: plan
    name: each of \${{ matrix.item.name }}
    runs-on: ubuntu-latest
    strategy: { matrix: { item: "\${{ fromJSON(needs.plan.outputs.list) }}" } }
    steps: [{ run: "echo \${{ matrix.item.name }}" }]
`)
  expect(run.jobs.map(({ name }) => name)).toEqual(['plan', 'each of x', 'each of y'])
  expect(printed(run, 'each of y')).toEqual(['y'])
})

test('the first leg that fails cancels the others, and fail-fast: false lets them finish', async () => {
  const matrix = (failFast: boolean) => `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    strategy: { fail-fast: ${failFast}, max-parallel: 1, matrix: { n: [1, 2, 3] } }
    steps: [{ run: "test \${{ matrix.n }} != 2" }]
`
  const conclusions = async (failFast: boolean) => (await rehearse(matrix(failFast))).jobs.map((leg) => leg.conclusion)
  expect(await conclusions(true)).toEqual(['success', 'failure', 'cancelled'])
  expect(await conclusions(false)).toEqual(['success', 'failure', 'success'])
})

test('a job that takes longer than its timeout-minutes is cancelled, and its always() steps still run', async () => {
  const run = await rehearse(`on: push
jobs:
  test:
    runs-on: ubuntu-latest
    timeout-minutes: 0.005
    steps:
      - { id: long, run: exec sleep 600 }
      - { id: plain, run: echo }
      - { id: cleanup, if: always(), run: "echo \${{ job.status }}" }
  after: { needs: test, runs-on: ubuntu-latest, if: always(), steps: [{ run: "echo \${{ needs.test.result }}" }] }
`)
  expect(['long', 'plain', 'cleanup'].map((id) => stepOf(run, id).outcome)).toEqual(['cancelled', 'skipped', 'success'])
  expect(printed(run)).toEqual(['cancelled'])
  expect(jobOf(run).annotations[0]?.message).toContain('exceeded the maximum execution time of 0.005 minutes')
  expect(jobOf(run).conclusion).toBe('cancelled')
  expect(printed(run, 'after')).toEqual(['cancelled'])
})

test('an OIDC token can be asked for only with id-token: write', async () => {
  const environment = {
    ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1:1/token?v=2',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token-1',
  }
  const echo = `"echo \${ACTIONS_ID_TOKEN_REQUEST_URL:-none}"`
  const jobs = `${job('may', 'permissions: { id-token: write }', echo)}${job('may-not', 'permissions: { contents: read }', echo)}`
  const run = await rehearse(`on: push\npermissions: { id-token: write }\njobs:\n${jobs}${job('inherits', '', echo)}`, {
    environment,
  })
  expect(printed(run, 'may')).toEqual(['http://127.0.0.1:1/token?v=2'])
  expect(printed(run, 'may-not')).toEqual(['none'])
  expect(printed(run, 'inherits')).toEqual(['http://127.0.0.1:1/token?v=2'])
})

test('an environment is named, and concurrency accepted', async () => {
  const run = await rehearse(
    `on: push\nconcurrency: deploy\njobs:\n${job('a', 'environment: { name: production, url: "https://x.example" }')}`,
  )
  expect(jobOf(run, 'a').environment).toBe('production')
  expect(run.notices.join('\n')).toContain('approvals')
  expect(run.notices.join('\n')).toContain('`concurrency`')
})

test('the lab’s variables are in env and LAB_… also in vars', async () => {
  const run = await rehearse(
    `on: push\nenv: { AWS_REGION: us-east-1 }\njobs:\n${job('a', '', `"echo $LAB_CLUSTER \${{ env.LAB_CLUSTER }} \${{ vars.LAB_CLUSTER }} \${{ vars.MINE }} $AWS_REGION"`)}`,
    { environment: { LAB_CLUSTER: 'production', AWS_REGION: 'eu-central-1' }, vars: { MINE: 'x' } },
  )
  expect(printed(run, 'a')).toEqual(['production production production x us-east-1'])
})

test('a secret or variable that nobody gave is said before the first step', async () => {
  const run = await rehearse(
    `on: push\njobs:\n${job('a', '', `"echo \${{ secrets.DEPLOY_KEY }} \${{ vars.TEAM }} \${{ secrets.GITHUB_TOKEN }}"`)}`,
  )
  expect(run.notices).toEqual([
    'secrets.DEPLOY_KEY is empty; give it a value with --secret DEPLOY_KEY=…',
    'vars.TEAM is empty; give it a value with --var TEAM=…',
  ])
})
