import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ECSClient } from '@aws-sdk/client-ecs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AwsCaller } from '../aws/aws-caller.ts'
import { systemClock } from '../clock.ts'
import { Deadline } from '../deadline.ts'
import type { Log } from '../log.ts'
import type { Ecs } from './ecs-client.ts'
import { replaceImage } from './task-definition.ts'
import { describeTaskDefinition, ensureTaskDefinition, registerTaskDefinition } from './task-definition-registry.ts'

type Json = Record<string, unknown>
const silent: Log = { info: () => {}, warning: () => {}, debug: () => {}, group: () => {}, outside: () => {} }
const described = {
  taskDefinition: {
    taskDefinitionArn: 'arn:aws:ecs:eu-central-1:123456789012:task-definition/web:7',
    family: 'web',
    revision: 7,
    status: 'ACTIVE',
    registeredAt: 1_700_000_000,
    memberOfTomorrow: { deep: [1] },
    containerDefinitions: [{ name: 'app', image: 'repo/app:1', containerMemberOfTomorrow: true }],
  },
  tags: [{ key: 'team', value: 'money' }],
}

let server: Server
let requests: { operation: string; body: Json }[]
/** Answers by operation, taken one after the other; the last one stays. */
let answers: Record<string, (Json | 'cut' | { error: string; message: string })[]>

beforeEach(async () => {
  requests = []
  server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? ''
    requests.push({ operation, body: JSON.parse(text) })
    const queue = answers[operation] ?? []
    const answer = queue.length > 1 ? queue.shift() : queue[0]
    if (answer === 'cut') return request.socket.destroy()
    const isError = typeof answer === 'object' && 'error' in answer
    response.writeHead(isError ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(isError ? { __type: answer.error, message: answer.message } : answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

function ecs(): Ecs {
  const { port } = server.address() as AddressInfo
  const client = new ECSClient({
    region: 'eu-central-1',
    maxAttempts: 1,
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  })
  const caller = new AwsCaller({
    deadline: new Deadline(10_000, systemClock),
    signal: new AbortController().signal,
    clock: systemClock,
    log: silent,
  })
  return { client, caller, config: { region: 'eu-central-1', maxAttempts: 1 } }
}

it('carries members that the SDK does not know from the described revision to the registered one', async () => {
  answers = {
    DescribeTaskDefinition: [described],
    RegisterTaskDefinition: [{ taskDefinition: { ...described.taskDefinition, revision: 8 } }],
    ListTaskDefinitions: [{ taskDefinitionArns: [described.taskDefinition.taskDefinitionArn] }],
  }
  const api = ecs()
  const base = await describeTaskDefinition(api, 'web:7')
  const { registered } = await ensureTaskDefinition(api, replaceImage(base.input, 'app', 'repo/app:2'), {
    known: [base],
    log: silent,
  })
  expect(registered).toBe(true)
  expect(requests.find((request) => request.operation === 'RegisterTaskDefinition')?.body).toEqual({
    family: 'web',
    memberOfTomorrow: { deep: [1] },
    containerDefinitions: [{ name: 'app', image: 'repo/app:2', containerMemberOfTomorrow: true }],
    tags: [{ key: 'team', value: 'money' }],
  })
})

it('reuses a revision that already is what is wanted', async () => {
  answers = { DescribeTaskDefinition: [described] }
  const api = ecs()
  const base = await describeTaskDefinition(api, 'web:7')
  const result = await ensureTaskDefinition(api, base.input, { known: [base], log: silent })
  expect(result).toEqual({ definition: base, registered: false })
})

it('does not register twice when the answer to the first request was lost', async () => {
  answers = { RegisterTaskDefinition: ['cut'], DescribeTaskDefinition: [described] }
  const { taskDefinition, tags } = described
  const input = {
    family: 'web',
    memberOfTomorrow: taskDefinition.memberOfTomorrow,
    containerDefinitions: taskDefinition.containerDefinitions,
    tags,
  }
  const definition = await registerTaskDefinition(ecs(), input)
  expect(definition.revision).toBe(7)
  expect(requests.filter((request) => request.operation === 'RegisterTaskDefinition')).toHaveLength(1)
})

it('tries again when two revisions are registered at once', async () => {
  const busy = {
    error: 'ClientException',
    message: 'Too many concurrent attempts to create a new revision of the specified family.',
  }
  answers = {
    RegisterTaskDefinition: [busy, described],
    DescribeTaskDefinition: [{ error: 'ClientException', message: 'Unable to describe task definition.' }],
  }
  const definition = await registerTaskDefinition(ecs(), {
    family: 'web',
    containerDefinitions: [{ name: 'app', image: 'i' }],
  })
  expect(definition.revision).toBe(7)
})

it('says which definition is not there', async () => {
  answers = { DescribeTaskDefinition: [{ error: 'ClientException', message: 'Unable to describe task definition.' }] }
  await expect(describeTaskDefinition(ecs(), 'nope:1')).rejects.toThrow('There is no task definition nope:1')
})
