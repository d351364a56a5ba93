import { expect, test } from 'vitest'
import { printed, rehearse } from './testing/rehearsed.ts'

const called = `on:
  workflow_call:
    inputs:
      stage: { type: string, required: true }
      replicas: { type: number, default: 2 }
    secrets:
      key: { required: true }
    outputs:
      url: { value: "\${{ jobs.deploy.outputs.url }}" }
env: { WHO: callee }
jobs:
  deploy:
    runs-on: ubuntu-latest
    outputs: { url: "https://\${{ inputs.stage }}.example" }
    steps:
      - run: echo "\${{ inputs.stage }} \${{ inputs.replicas }} $WHO $OUTER \${{ secrets.key == 'k-1' }} \${{ secrets.OTHER }}"
`
const files = { '.github/workflows/deploy.yml': called }

test('a job can call a workflow of the same repository with inputs and secrets, and read its outputs', async () => {
  const run = await rehearse(
    `on: push
env: { OUTER: outer, WHO: caller }
jobs:
  dev:
    uses: ./.github/workflows/deploy.yml
    with: { stage: dev }
    secrets: { key: "\${{ secrets.KEY }}" }
  prod:
    needs: dev
    uses: ./.github/workflows/deploy.yml
    with: { stage: prod, replicas: 4 }
    secrets: { key: "\${{ secrets.KEY }}" }
  after:
    needs: prod
    runs-on: ubuntu-latest
    steps: [{ run: "echo \${{ needs.prod.result }} \${{ needs.prod.outputs.url }}" }]
`,
    { files, secrets: { KEY: 'k-1', OTHER: 'not handed on' } },
  )
  expect(run.jobs.map(({ id, name }) => `${id} ${name}`)).toEqual([
    ...['dev/deploy dev / deploy', 'prod/deploy prod / deploy', 'after after'],
  ])
  expect(printed(run, 'dev / deploy')).toEqual(['dev 2 callee  true '])
  expect(printed(run, 'prod / deploy')).toEqual(['prod 4 callee  true '])
  expect(printed(run, 'after')).toEqual(['success https://prod.example'])
})

test('a secret that is handed on under another name is not said to be missing', async () => {
  const call = (secrets: string) =>
    rehearse(
      `on: push\njobs:\n  a: { uses: ./.github/workflows/deploy.yml, with: { stage: x }, secrets: ${secrets} }\n`,
      {
        files,
        secrets: { MINE: 'm' },
      },
    )
  const handed = await call(`{ key: "\${{ secrets.MINE }}" }`)
  expect(handed.notices.filter((notice) => notice.startsWith('secrets.'))).toEqual([
    'secrets.OTHER is empty; give it a value with --secret OTHER=…',
  ])
  const inherited = await call('inherit')
  expect(inherited.notices.join()).toContain('secrets.key is empty')
})

test('what a called workflow is not given, or does not know, is refused at the call', async () => {
  const call = (text: string) =>
    rehearse(`on: push\njobs:\n  a:\n    uses: ./.github/workflows/deploy.yml\n${text}`, { files })
  await expect(call('    with: { stage: x, other: y }\n    secrets: inherit\n')).rejects.toThrow(
    'Invalid input, other is not defined in the referenced workflow.',
  )
  await expect(call('    secrets: inherit\n')).rejects.toThrow(
    '.github/workflows/test.yml:4:11: Input stage is required, but not provided while calling.',
  )
})

test('a called workflow that is not there, or lies elsewhere, is refused', async () => {
  const call = (uses: string) => rehearse(`on: push\njobs:\n  a:\n    uses: ${uses}\n`)
  await expect(call('./.github/workflows/none.yml')).rejects.toThrow(
    'test.yml:4:11: There is no workflow .github/workflows/none.yml',
  )
  await expect(call('org/repo/.github/workflows/x.yml@v1')).rejects.toThrow(
    'can call only workflows of the same repository',
  )
})

test('what a called workflow asks for is checked before anything runs', async () => {
  const attempt = rehearse(
    'on: push\njobs:\n  a: { runs-on: ubuntu-latest, steps: [{ run: echo }] }\n  b: { uses: ./.github/workflows/c.yml }\n',
    {
      files: {
        '.github/workflows/c.yml':
          'on: workflow_call\njobs:\n  x: { runs-on: ubuntu-latest, container: alpine, steps: [{ run: echo }] }\n',
      },
    },
  )
  await expect(attempt).rejects.toThrow(".github/workflows/c.yml:3:43: Job 'x' runs in a container")
})

test('a workflow that is only meant to be called is played as if it had been', async () => {
  const run = await rehearse(called, { inputs: { stage: 'dev' }, secrets: { key: 'k-1' } })
  expect(printed(run, 'deploy')).toEqual(['dev 2 callee  true '])
  expect(run.notices[0]).toContain('meant to be called by another one')
})

test('a release tag of deploy-kit has no workflows: what GitHub would not find there is refused', async () => {
  const uses = 'org/deploy-kit/.github/workflows/deploy.yml'
  for (const ref of ['v1', 'v1.2', 'v1.2.3'])
    await expect(rehearse(`on: push\njobs:\n  a:\n    uses: ${uses}@${ref}\n`)).rejects.toThrow(
      `.github/workflows/test.yml:4:11: There is no .github/workflows/deploy.yml at ${ref}: a release of deploy-kit has its actions only.`,
    )
})

test('permissions that the caller does not have are refused before anything runs', async () => {
  const job = (permissions: string) => `{ ${permissions} runs-on: ubuntu-latest, steps: [{ run: echo }] }`
  const files = {
    '.github/workflows/c.yml': `on: workflow_call\npermissions: { contents: read }\njobs:\n  x: ${job('permissions: { contents: write, id-token: write },')}\n  y: ${job('')}\n`,
    '.github/workflows/d.yml': 'on: workflow_call\njobs:\n  z: { uses: ./.github/workflows/c.yml }\n',
  }
  const call = (permissions: string, uses = 'c') =>
    rehearse(`on: push\njobs:\n  a: { uses: ./.github/workflows/${uses}.yml, ${permissions} }\n`, { files })
  const error = "Error calling workflow './.github/workflows/c.yml'. The nested job 'x' is requesting"
  await expect(call('')).rejects.toThrow(
    `.github/workflows/test.yml:3:3: ${error} 'contents: write, id-token: write', but is only allowed 'contents: read, id-token: none'.`,
  )
  await expect(call('permissions: { contents: write }', 'd')).rejects.toThrow(
    `.github/workflows/d.yml:3:3: ${error} 'id-token: write', but is only allowed 'id-token: none'.`,
  )
  await expect(call('permissions: {}')).rejects.toThrow(
    "The workflow is requesting 'contents: read', but is only allowed 'contents: none'.",
  )
  expect((await call('permissions: write-all', 'd')).conclusion).toBe('success')
})

test('a called workflow takes no text for a number or a boolean', async () => {
  const files = {
    '.github/workflows/c.yml': `on: { workflow_call: { inputs: { n: { type: number }, b: { type: boolean }, s: { type: string } } } }\njobs: { x: { runs-on: ubuntu-latest, steps: [{ run: "echo \${{ inputs.n }} \${{ inputs.b }} \${{ inputs.s }}" }] } }\n`,
  }
  const call = (given: string) =>
    rehearse(`on: push\njobs:\n  a: { uses: ./.github/workflows/c.yml, with: { ${given} } }\n`, { files })
  await expect(call('n: "2", b: yes')).rejects.toThrow(
    ".github/workflows/test.yml:3:52: Input 'n' has to be a number; the text '2' was given\n.github/workflows/test.yml:3:60: Input 'b' has to be true or false; the text 'yes' was given",
  )
  const late = await call(`b: "\${{ vars.NONE }}"`)
  expect(late.jobs[0]?.annotations[0]?.message).toContain("Input 'b' has to be true or false; the text '' was given")
  expect(printed(await call('n: 2, b: true, s: 3'), 'a / x')).toEqual(['2 true 3'])
})
