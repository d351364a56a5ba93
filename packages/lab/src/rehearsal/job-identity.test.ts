import { afterAll, describe, expect, test } from 'vitest'
import { startLab } from '../lab.ts'
import { readDocumentedPolicy } from '../testing/documented-policy.ts'
import { parseWorld } from '../world.ts'
import type { RunOptions } from './run-options.ts'
import { runWorkflow } from './run-workflow.ts'
import { commitAll, printedBy, stepOf, writeRepository } from './testing/rehearsed.ts'
import type { WorkflowRun } from './workflow-run.ts'

const role = 'arn:aws:iam::123456789012:role/finance-hub-deploy'
const roles = [{ arn: role, trustPolicy: { ...readDocumentedPolicy('trust-policy') } }]
const account = { region: 'eu-central-1', accountId: '123456789012', roles }
const lab = await startLab({ world: parseWorld(account, '.') })
afterAll(() => lab.close())

/** A job that may ask for a token. */
const job = (name: string, settings: string, step: string): string => `
  ${name}:
    runs-on: ubuntu-latest
    permissions: { id-token: write }
    ${settings}
    steps: [${step}]
`
const takeRole = `{ id: role, uses: aws-actions/configure-aws-credentials@v5, with: { role-to-assume: "${role}", aws-region: eu-central-1 } }`

async function run(workflow: string, options: Partial<RunOptions> & { of?: string; from?: typeof lab } = {}) {
  const { of = 'org/finance-hub', from = lab, ...further } = options
  const called = `on: workflow_call\njobs:${job('inner', 'environment: production', showToken)}`
  const { root, workflowFile } = await writeRepository(workflow, { files: { '.github/workflows/called.yml': called } })
  commitAll(root)
  const environment = { ...from.environment, GITHUB_REPOSITORY: of }
  return runWorkflow({ workflowFile, environment, github: from.github, ...further })
}

const askForToken = `
const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = process.env
const answer = await fetch(url + '&audience=sts.amazonaws.com', { headers: { authorization: 'Bearer ' + token } })
console.log(Buffer.from((await answer.json()).value.split('.')[1], 'base64url').toString())
`
const showToken = `{ id: token, run: node --input-type=module -e "$SCRIPT", env: { SCRIPT: ${JSON.stringify(askForToken)} } }`

test('the OIDC token of a job says what GitHub knows of it', async () => {
  const jobs = `${job('production', 'environment: { name: production }', showToken)}
  call: { uses: ./.github/workflows/called.yml, permissions: { id-token: write } }`
  const finished = await run(`name: Deploy\non: push\njobs:${jobs}`)
  const claimsOf = (name: string): unknown => JSON.parse(printedBy(stepOf(finished, 'token', name)).join(''))
  const workflow = 'org/finance-hub/.github/workflows/test.yml@refs/heads/main'
  expect(claimsOf('production')).toMatchObject({
    iss: 'https://token.actions.githubusercontent.com',
    aud: 'sts.amazonaws.com',
    sub: 'repo:org/finance-hub:environment:production',
    environment: 'production',
    repository: 'org/finance-hub',
    repository_owner: 'org',
    ref: 'refs/heads/main',
    ref_type: 'branch',
    sha: finished.event.sha,
    event_name: 'push',
    workflow: 'Deploy',
    workflow_ref: workflow,
    job_workflow_ref: workflow,
    actor: 'rehearsal',
    run_attempt: '1',
    run_id: expect.stringMatching(/^\d+$/),
  })
  expect(claimsOf('call / inner')).toMatchObject({
    sub: 'repo:org/finance-hub:environment:production',
    workflow_ref: workflow,
    job_workflow_ref: 'org/finance-hub/.github/workflows/called.yml@refs/heads/main',
  })
})

describe('the documented trust policy', () => {
  const jobs = `${job('production', 'environment: production', takeRole)}${job('plain', '', takeRole)}${job('other', "environment: 'production:eu'", takeRole)}`
  /** `trusted`, or the subject that the refusal names. */
  const seen = (finished: WorkflowRun) =>
    Object.fromEntries(
      finished.jobs.map(({ name, steps: [step] }) => {
        if (step?.conclusion === 'success') return [name, 'trusted']
        const refused =
          /^AssumeRoleWithWebIdentity was refused by the lab: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity; the job presented the subject (.*)$/
        return [name, refused.exec(step?.annotations[0]?.message ?? '')?.[1]]
      }),
    )

  test('gives the role to jobs of the environment, and to no other job', async () => {
    expect(seen(await run(`on: push\njobs:${jobs}`))).toEqual({
      production: 'trusted',
      plain: 'repo:org/finance-hub:ref:refs/heads/main',
      other: 'repo:org/finance-hub:environment:production%3Aeu',
    })
  })

  test('gives it to no pull request and to no other repository', async () => {
    const pull = await run(`on: pull_request\njobs:${job('plain', '', takeRole)}`)
    expect(seen(pull)).toEqual({ plain: 'repo:org/finance-hub:pull_request' })
    const elsewhere = { of: 'org/other', ref: 'refs/tags/v1' }
    expect(seen(await run(`on: push\njobs:${jobs}`, elsewhere))).toEqual({
      production: 'repo:org/other:environment:production',
      plain: 'repo:org/other:ref:refs/tags/v1',
      other: 'repo:org/other:environment:production%3Aeu',
    })
  })

  test('knows the repository by its ids where its subjects name them', async () => {
    const world = parseWorld({ ...account, repositoryIds: { owner: '1234567', repository: '89012345' } }, '.')
    await using newer = await startLab({ world })
    expect(seen(await run(`on: push\njobs:${jobs}`, { from: newer }))).toEqual({
      production: 'trusted',
      plain: 'repo:org@1234567/finance-hub@89012345:ref:refs/heads/main',
      other: 'repo:org@1234567/finance-hub@89012345:environment:production%3Aeu',
    })
  })
})

test('a trust policy that the lab cannot evaluate is refused when the lab starts', async () => {
  const [{ arn, trustPolicy }] = roles as [(typeof roles)[0]]
  const [statement] = trustPolicy.Statement
  const Condition = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }
  const policy = { ...trustPolicy, Statement: [{ ...statement, Condition }] }
  const world = parseWorld({ ...account, roles: [{ arn, trustPolicy: policy }] }, '.')
  await expect(startLab({ world })).rejects.toThrow('the lab does not know this condition operator')
})
