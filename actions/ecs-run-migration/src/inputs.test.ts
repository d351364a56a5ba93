import { runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { describe, expect, test, vi } from 'vitest'
import { action } from './action.ts'

const good = { cluster: 'production', service: 'ledger' }

/** Nothing listens at this address: whatever is refused here was refused before the first request. */
const environment = { AWS_REGION: 'eu-central-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }

const bad: readonly [Record<string, string>, string][] = [
  [{ cluster: '' }, 'cluster: is required, and nothing was given'],
  [{ service: '' }, 'service, task-definition: one of them is required: there is nothing to run'],
  [{ image: 'app :1' }, "image: 'app :1' holds a blank; an image is written repository:tag"],
  [{ command: '["node"' }, 'command: begins with [ but is not a JSON list'],
  [{ command: '[]' }, `command: '[]' is not a JSON list of texts; write ["node", "migrate.js"]`],
  [{ command: '[1]' }, `command: '[1]' is not a JSON list of texts`],
  [{ command: 'node "migrate.js' }, `command: 'node "migrate.js' cannot be split into words`],
  [{ environment: 'KEY' }, "environment: 'KEY' is not of the form KEY=VALUE"],
  [{ environment: '=x' }, "environment: '=x' is not of the form KEY=VALUE"],
  [{ environment: 'A=1\nA=2' }, "environment: 'A' is given twice"],
  [{ subnets: 'vpc-0aaa' }, "subnets: 'vpc-0aaa' is not of the form subnet-0123456789abcdef0"],
  [{ subnets: 'subnet-0aaa subnet-0bbb' }, "subnets: 'subnet-0aaa subnet-0bbb' is not of the form"],
  [{ 'security-groups': 'default' }, "security-groups: 'default' is not of the form sg-0123456789abcdef0"],
  [{ 'assign-public-ip': 'ENABLED' }, "assign-public-ip: 'ENABLED' is not a boolean; write true or false"],
  [{ 'launch-type': 'fargate' }, "launch-type: 'fargate' is not one of FARGATE, EC2, EXTERNAL"],
  [
    { 'launch-type': 'FARGATE', 'capacity-provider-strategy': '[{capacityProvider: FARGATE}]' },
    'launch-type, capacity-provider-strategy: give one, not both: ECS takes either',
  ],
  [{ 'capacity-provider-strategy': 'FARGATE' }, 'capacity-provider-strategy: the value: Invalid type'],
  [{ 'capacity-provider-strategy': '[]' }, 'capacity-provider-strategy: the value: at least one capacity provider'],
  [{ 'capacity-provider-strategy': '[{provider: x}]' }, 'capacity-provider-strategy: 0.capacityProvider: Invalid key'],
  [{ 'capacity-provider-strategy': '[{capacityProvider: x, weight: 1001}]' }, 'capacity-provider-strategy: 0.weight:'],
  [{ 'capacity-provider-strategy': '[{' }, 'capacity-provider-strategy: is neither JSON nor YAML'],
  [{ 'idempotency-key': 'a\nb' }, 'idempotency-key:'],
  [{ 'on-cancel': 'kill' }, "on-cancel: 'kill' is not one of stop, detach"],
  [{ 'on-timeout': 'Stop' }, "on-timeout: 'Stop' is not one of stop, detach"],
  [{ 'start-timeout': '5' }, "start-timeout: '5' has no unit; write 5s"],
  [{ timeout: '0s' }, "timeout: '0s' is too short"],
  [{ timeout: 'soon' }, "timeout: 'soon' is not a duration"],
  [{ interval: '-1s' }, "interval: '-1s' is negative"],
  [{ logs: 'all' }, "logs: 'all' is not one of stream, tail, none"],
  [
    { 'require-snapshot': 'my snapshot' },
    "require-snapshot: 'my snapshot' is not the identifier or ARN of an RDS snapshot",
  ],
  [
    { 'require-snapshot': 'arn:aws:s3:::bucket' },
    "require-snapshot: 'arn:aws:s3:::bucket' is not the identifier or ARN",
  ],
  [{ 'allow-destructive': 'yes' }, "allow-destructive: 'yes' is not a boolean"],
  [{ 'dry-run': '1' }, "dry-run: '1' is not a boolean"],
  [{ 'aws-region': 'Frankfurt' }, "aws-region: 'Frankfurt' is not a region"],
  [{ 'role-to-assume': 'deploy' }, "role-to-assume: 'deploy' is not the ARN of a role"],
  [{ command: `node ${'x'.repeat(9000)}` }, 'ECS takes 8192'],
]

describe('bad input is refused before the first request, with what is expected instead', () => {
  test.each(bad)('%j', async (inputs, message) => {
    const run = await runInMemory(action, { inputs: { ...good, ...inputs }, environment })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toContain(message)
    expect(run.outputs).toEqual({})
  })

  test('all of it in one message', async () => {
    const run = await runInMemory(action, { inputs: { cluster: '', timeout: '5', logs: 'x' }, environment })
    expect(run.annotations).toHaveLength(1)
    const lines = run.annotations[0]?.message.split('\n') ?? []
    expect(lines.filter((line) => line.startsWith('- ')).map((line) => line.split(':')[0])).toEqual([
      '- cluster',
      '- timeout',
      '- logs',
      '- service, task-definition',
    ])
  })

  test('a region that nobody gives is one of them', async () => {
    // The SDK reads the process's own variables.
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE']) vi.stubEnv(name, undefined)
    const run = await runInMemory(action, { inputs: { ...good, timeout: '5' } })
    vi.unstubAllEnvs()
    expect(run.annotations[0]?.message).toMatch(/^2 inputs cannot be used:\n- timeout: .*\n- aws-region: is required/)
  })

  test('empty values are the defaults, as if they had not been given', async () => {
    const empty = Object.fromEntries(Object.keys(action.manifest.inputs).map((name) => [name, '']))
    const run = await runInMemory(action, {
      inputs: { ...empty, ...good, timeout: '1ms', interval: '1ms' },
      environment,
    })
    expect(run.annotations[0]?.message).toContain('ecs:DescribeServices on service ledger')
    // AWS never answered: nothing was run.
    expect(run.outputs).toMatchObject({ outcome: 'not-started', 'elapsed-ms': expect.any(String) })
  })
})
