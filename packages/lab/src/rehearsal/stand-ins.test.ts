import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { Journal } from '../journal.ts'
import { LabClock } from '../lab-clock.ts'
import { Callers } from '../server/callers.ts'
import { Policies } from '../server/policies.ts'
import { startServer } from '../server/server.ts'
import { IdTokens } from '../sts/id-tokens.ts'
import { createOidcEndpoint } from '../sts/oidc-endpoint.ts'
import { createStsService } from '../sts/sts-service.ts'
import { runWorkflow } from './run-workflow.ts'
import { commitAll, printed, rehearse, stepOf, steps, writeRepository } from './testing/rehearsed.ts'

test('a checkout gives the files as committed, in a work tree of the run’s own', async () => {
  const { root, workflowFile } = await writeRepository(
    steps(`
- uses: actions/checkout@v4
- run: |
    cat a.txt; ls; git status --short; git log --format=%s
    test "$(git rev-parse HEAD)" = "$GITHUB_SHA" && git rev-parse --abbrev-ref HEAD
    echo changed > a.txt && git -c user.name=x -c user.email=x@y commit --quiet --all --message two && git push --quiet`),
    { files: { 'a.txt': 'committed\n' }, isCommitted: true },
  )
  await writeFile(join(root, 'a.txt'), 'changed since\n')
  await writeFile(join(root, 'new.txt'), '')
  const run = await runWorkflow({ workflowFile })
  expect(printed(run).slice(1)).toEqual(['committed', 'a.txt', 'First commit', 'main'])
  expect(run.conclusion).toBe('success')
  expect(run.notices.join()).toContain('changes that are not committed')
  expect(execFileSync('git', ['log', '--format=%s'], { cwd: root, encoding: 'utf8' })).toBe('First commit\n')
  expect(stepOf(run, 'Run actions/checkout@v4').remark).toBe('stood in for by the rehearsal')
})

test('fetch-depth, ref and path are honoured', async () => {
  const { root, workflowFile } = await writeRepository(
    steps(`
- { uses: actions/checkout@v4, with: { path: one } }
- { uses: actions/checkout@v4, with: { path: all, fetch-depth: 0 } }
- { uses: actions/checkout@v4, with: { path: old, ref: v1 } }
- run: for at in one all old; do git -C $at rev-list --count HEAD; done; git -C all tag
- { id: bad, uses: actions/checkout@v4, with: { ref: nowhere } }`),
    { isCommitted: true },
  )
  execFileSync('git', ['tag', 'v1'], { cwd: root })
  await writeFile(join(root, 'b.txt'), '')
  commitAll(root, 'Second commit')
  const run = await runWorkflow({ workflowFile })
  expect(printed(run).slice(3, 7)).toEqual(['1', '2', '1', 'v1'])
  expect(stepOf(run, 'bad').annotations[0]?.message).toBe("A branch or tag with the name 'nowhere' could not be found")
})

test('a repository that is a shallow clone is checked out as well', async () => {
  const { root } = await writeRepository(
    steps('- { uses: actions/checkout@v4, with: { fetch-depth: 0 } }\n- run: git log --format=%s; ls'),
    { isCommitted: true },
  )
  await writeFile(join(root, 'b.txt'), '')
  commitAll(root, 'Second commit')
  const clone = join(root, 'clone')
  execFileSync('git', ['clone', '--quiet', '--depth=1', pathToFileURL(root).href, clone])
  const run = await runWorkflow({ workflowFile: join(clone, '.github/workflows/test.yml') })
  expect(printed(run).slice(1)).toEqual(['Second commit', 'b.txt'])
})

test('a folder of a larger work tree is a repository of its own', async () => {
  const { root } = await writeRepository('', { files: { 'outer.txt': '', 'app/inner.txt': '' } })
  const workflowFile = join(root, 'app/.github/workflows/deploy.yml')
  await mkdir(join(root, 'app/.github/workflows'), { recursive: true })
  await writeFile(
    workflowFile,
    steps('- uses: actions/checkout@v4\n- run: ls; test "$(git rev-parse HEAD)" = "$GITHUB_SHA"'),
  )
  commitAll(root)
  const run = await runWorkflow({ workflowFile })
  expect(printed(run).slice(1)).toEqual(['inner.txt'])
  expect(run.conclusion).toBe('success')
  expect((await runWorkflow({ workflowFile })).event.sha).toBe(run.event.sha)
})

test('a workflow that lies elsewhere is played as if it lay in .github/workflows', async () => {
  const { root } = await writeRepository('', {
    files: { 'ci/try.yml': steps('- uses: actions/checkout@v4\n- run: ls') },
  })
  commitAll(root)
  const run = await runWorkflow({ workflowFile: join(root, 'ci/try.yml') })
  expect(printed(run).slice(1)).toEqual(['ci'])
  expect(run.notices[0]).toContain('only workflows in .github/workflows')
})

test('without a commit the checkout fails and says what to do', async () => {
  const run = await rehearse(steps('- { id: c, uses: actions/checkout@v4 }'))
  expect(stepOf(run, 'c').annotations[0]?.message).toMatch(/^There is nothing to check out: .* Run there: git init/)
})

const roleArn = 'arn:aws:iam::123456789012:role/deploy'
const callers = new Callers()
callers.add({ accessKeyId: 'AKIALAB', secretAccessKey: 'lab-secret-key', arn: 'arn:aws:iam::123456789012:user/lab' })
const context = {
  ...{ accountId: '123456789012', region: 'eu-central-1', dataDirectory: '', random: () => 0 },
  ...{ clock: new LabClock(0.01), journal: new Journal() },
}
const idTokens = new IdTokens()
const server = await startServer({
  services: [await createStsService(context, { callers, policies: new Policies(), roleArns: [roleArn] })],
  routes: [createOidcEndpoint({ prefix: '/oidc', idTokens, validSeconds: 300 })],
  callers,
  journal: context.journal,
})
afterAll(() => server[Symbol.asyncDispose]())
const environment = {
  AWS_ENDPOINT_URL: server.url,
  ACTIONS_ID_TOKEN_REQUEST_URL: `${server.url}/oidc/token?v=2`,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: idTokens.permit({ repository: 'o/r', ref: 'refs/heads/x' }),
}

function configuring(given: string, permissions = 'id-token: write'): string {
  const text = `
- { id: c, uses: aws-actions/configure-aws-credentials@v4, with: { aws-region: eu-central-1, ${given} } }
- run: echo "$AWS_REGION \${AWS_ACCESS_KEY_ID:+key} \${AWS_SESSION_TOKEN:+session} \${{ steps.c.outputs.aws-account-id }} $AWS_ACCESS_KEY_ID"`
  return steps(text, `permissions: { ${permissions} }`)
}

test('a role is assumed with the job’s OIDC token, and its credentials are masked', async () => {
  const run = await rehearse(configuring(`role-to-assume: "${roleArn}"`), { environment })
  expect(printed(run).at(-1)).toBe('eu-central-1 key session 123456789012 ***')
})

test('without id-token: write the step fails and says what is missing', async () => {
  const run = await rehearse(configuring(`role-to-assume: "${roleArn}"`, 'contents: read'), { environment })
  expect(stepOf(run, 'c').annotations[0]?.message).toContain('id-token: write')
})

test('a role that nobody trusts the token with is refused in STS’s words', async () => {
  const run = await rehearse(configuring('role-to-assume: "arn:aws:iam::123456789012:role/other"'), { environment })
  expect(stepOf(run, 'c').annotations[0]?.message).toContain('AccessDenied: Not authorized to perform sts:Assume')
})

test('access keys of the lab are used as they are, and unknown ones refused', async () => {
  const keys = (id: string) => `aws-access-key-id: ${id}, aws-secret-access-key: lab-secret-key`
  const run = await rehearse(configuring(keys('AKIALAB')), { environment })
  expect(printed(run).at(-1)).toBe('eu-central-1 key  123456789012 ***')
  const refused = await rehearse(configuring(keys('AKIAOTHER')), { environment })
  expect(stepOf(refused, 'c').annotations[0]?.message).toContain('InvalidClientTokenId')
})
