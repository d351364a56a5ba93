import { expect, test } from 'vitest'
import { printed, type RehearsalSetting, rehearse } from './testing/rehearsed.ts'

const body = `jobs:
  test:
    runs-on: ubuntu-latest
    steps: [{ run: 'echo "$GITHUB_EVENT_NAME $GITHUB_REF"' }]
`

/** `event ref` of the run of a workflow with this `on`. */
async function eventOf(on: string, setting?: RehearsalSetting): Promise<string | undefined> {
  return printed(await rehearse(`on: ${on}\n${body}`, setting))[0]
}

test('the event is push to the default branch where the file has it', async () => {
  expect(await eventOf('[workflow_dispatch, push]')).toBe('push refs/heads/main')
  expect(await eventOf('{ pull_request: {}, push: { branches: [main, "release/**"] } }')).toBe('push refs/heads/main')
  expect(await eventOf('{ push: { branches-ignore: [dev] } }')).toBe('push refs/heads/main')
})

test('else it is the first that the file names', async () => {
  expect(await eventOf('[workflow_dispatch, pull_request]')).toBe('workflow_dispatch refs/heads/main')
  expect(await eventOf('{ schedule: [{ cron: "0 4 * * *" }], push: { tags: ["v*"] } }')).toBe(
    'schedule refs/heads/main',
  )
  expect(await eventOf('{ push: { tags: ["v*"] } }')).toBe('push refs/tags/v1')
  expect(await eventOf('{ push: { branches: [staging] } }')).toBe('push refs/heads/staging')
  expect(await eventOf('{ push: { branches-ignore: [main] } }')).toBe('push refs/heads/rehearsal')
})

test('another event of the file can be asked for, one that it does not have is refused', async () => {
  expect(await eventOf('[push, pull_request]', { event: 'pull_request' })).toBe('pull_request refs/pull/1/merge')
  expect(await eventOf('[pull_request_target]')).toBe('pull_request_target refs/heads/main')
  await expect(eventOf('[push]', { event: 'release' })).rejects.toThrow('does not run on release; it runs on push')
})

test('a pull request and a push have the payload that GitHub sends', async () => {
  const workflow = `on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo "\${{ github.event.pull_request.base.ref }} \${{ github.base_ref }} \${{ github.event.action }}"
          echo "\${{ github.event.after == github.sha }} \${{ github.event.repository.default_branch }} \${{ github.event.head_commit.message }}."
`
  const pull = await rehearse(workflow, { event: 'pull_request', isCommitted: true })
  expect(printed(pull)[0]).toBe('main main opened')
  const push = await rehearse(workflow, { isCommitted: true })
  expect(printed(push)).toContain('true main First commit.')
})

const dispatch = `on:
  push:
  workflow_dispatch:
    inputs:
      version: { required: true, type: string }
      replicas: { type: number, default: 2 }
      dry: { type: boolean, default: true }
      stage: { type: choice, options: [dev, prod] }
      none: { type: string }
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - if: inputs.dry == false
        run: echo wet
      - run: echo '\${{ toJSON(inputs) }}' | tr -d ' \\n'
      - run: echo "\${{ github.event.inputs.replicas }} \${{ github.event_name }}"
`

test('inputs have their types and defaults; giving one makes it a manual start', async () => {
  const run = await rehearse(dispatch, { inputs: { version: '1.2', dry: 'false' } })
  expect(printed(run)).toEqual([
    'wet',
    '{"version":"1.2","replicas":2,"dry":false,"stage":"dev","none":""}',
    '2 workflow_dispatch',
  ])
})

test('inputs that are missing, unknown or of another type are refused, all at once', async () => {
  const inputs = { replicas: 'many', dry: 'perhaps', stage: 'qa', nope: '1' }
  const error = await rehearse(dispatch, { event: 'workflow_dispatch', inputs }).catch(
    (thrown: Error) => thrown.message,
  )
  expect(String(error).split('\n')).toEqual([
    expect.stringContaining("Unexpected input 'nope'; the inputs are version, replicas, dry, stage, none"),
    expect.stringMatching(/test\.yml:5:7: Required input 'version' not provided/),
    expect.stringContaining("Input 'replicas' has to be a number; 'many' was given"),
    expect.stringContaining("Input 'dry' has to be true or false; 'perhaps' was given"),
    expect.stringContaining("Input 'stage' has to be one of dev, prod; 'qa' was given"),
  ])
})

test('inputs for an event that has none are refused', async () => {
  const attempt = eventOf('[push]', { inputs: { a: '1' } })
  await expect(attempt).rejects.toThrow("Unexpected input 'a'; this event takes none")
})
