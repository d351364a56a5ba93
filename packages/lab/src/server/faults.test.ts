import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { seededRandom } from '../seeded-random.ts'
import type { Service } from '../service.ts'
import { type Fault, Faults } from './faults.ts'
import { createLabRoutes } from './lab-routes.ts'
import { startServer, testCredentials } from './server.ts'

let effects = 0
const ecs: Service = {
  name: 'ecs',
  protocol: { kind: 'awsJson1.1', targetPrefix: 'AmazonEC2ContainerServiceV20141113' },
  operations: {
    RunTask: () => {
      effects += 1
      return { tasks: [], failures: [] }
    },
  },
  async close() {},
}

const server = await startServer({ services: [ecs] })
const { faults, journal } = server
const client = new ECSClient({
  endpoint: server.url,
  region: 'eu-central-1',
  credentials: testCredentials,
  maxAttempts: 1,
})
const runTask = (signal?: AbortSignal) =>
  client.send(new RunTaskCommand({ taskDefinition: 'app' }), signal && { abortSignal: signal })

beforeEach(() => {
  effects = 0
  faults.clear()
})
afterAll(() => server[Symbol.asyncDispose]())

test('A throttled request and a server error are answered as AWS answers them, without effect', async () => {
  faults.add({ kind: 'throttle', call: 1 })
  faults.add({ kind: 'serverError', call: 2 })
  await expect(runTask()).rejects.toMatchObject({ name: 'ThrottlingException', message: 'Rate exceeded' })
  await expect(runTask()).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } })
  expect(effects).toBe(0)
  await runTask()
  expect(effects).toBe(1)
})

test('A connection is reset before or after the effect', async () => {
  faults.add({ kind: 'resetBefore', call: 1 })
  faults.add({ kind: 'resetAfter', call: 2 })
  await expect(runTask()).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(effects).toBe(0)
  await expect(runTask()).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(effects).toBe(1)
  expect(
    journal
      .requests()
      .slice(-2)
      .map(({ outcome }) => outcome),
  ).toEqual([
    { kind: 'cut', effect: false },
    { kind: 'cut', effect: true },
  ])
})

test('A request that gets no answer is open until its client gives up', async () => {
  faults.add({ service: 'ecs', operation: 'RunTask', kind: 'noAnswer' })
  const asked = new AbortController()
  const answer = runTask(asked.signal)
  await expect.poll(() => journal.requests().at(-1)?.outcome).toEqual({ kind: 'cut', effect: false })
  asked.abort()
  await expect(answer).rejects.toMatchObject({ name: 'AbortError' })
})

test('A slow answer comes after its effect', async () => {
  faults.add({ kind: 'slow', ms: 300 })
  const answer = runTask()
  await expect.poll(() => effects).toBe(1)
  expect(await answer).toMatchObject({ tasks: [] })
})

test('Faults hit only the requests that they name', async () => {
  faults.add({ service: 'rds', kind: 'serverError' })
  faults.add({ service: 'ecs', operation: 'StopTask', kind: 'serverError' })
  await runTask()
  expect(effects).toBe(1)
})

test('Faults by probability are the same for the same seed', () => {
  const hits = (seed: number) => {
    const seeded = new Faults(seededRandom(seed), [{ kind: 'throttle', probability: 0.3 }])
    return Array.from({ length: 200 }, () => seeded.next('ecs', 'RunTask') !== undefined)
  }
  expect(hits(7)).toEqual(hits(7))
  expect(hits(7)).not.toEqual(hits(8))
  const share = hits(7).filter(Boolean).length / 200
  expect(share).toBeGreaterThan(0.2)
  expect(share).toBeLessThan(0.4)
})

test('A fault that the lab cannot make is refused', () => {
  expect(() => faults.add({ kind: 'slow' })).toThrow('ms belongs to slow')
  expect(() => faults.add({ kind: 'explode' } as unknown as Fault)).toThrow('kind')
  expect(() => faults.add({ kind: 'throttle', calls: 3 } as unknown as Fault)).toThrow('calls')
})

test('Another process plans faults, sets policies and reads the journal over HTTP', async () => {
  await using lab = await startServer({ services: [ecs], ...server, routes: [createLabRoutes(server)] })
  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${lab.url}/_lab${path}`, body ? { method, body: JSON.stringify(body) } : { method })
    return { status: response.status, body: (await response.json()) as unknown }
  }
  const fault = { service: 'ecs', kind: 'throttle' }
  expect((await ask('POST', '/faults', fault)).status).toBe(200)
  expect((await ask('GET', '/faults')).body).toEqual([fault])
  await expect(runTask()).rejects.toThrow('Rate exceeded')
  expect((await ask('DELETE', '/faults')).status).toBe(200)
  await runTask()
  const { sequence } = journal.requests().at(-1)!
  expect((await ask('GET', `/journal?after=${sequence - 1}`)).body).toMatchObject([{ operation: 'RunTask' }])

  const policy = { Statement: { Effect: 'Deny', Action: '*', Resource: '*' } }
  const principal = testCredentials.accessKeyId
  expect((await ask('PUT', '/policy', { principal, policy })).status).toBe(200)
  await expect(runTask()).rejects.toThrow('with an explicit deny in an identity-based policy')
  expect((await ask('PUT', '/policy', { principal, policy: null })).status).toBe(200)
  await runTask()

  expect((await ask('PUT', '/policy', { principal, policy: { Statement: {} } })).status).toBe(400)
  expect((await ask('POST', '/faults', { kind: 'explode' })).status).toBe(400)
  expect((await ask('GET', '/nothing')).status).toBe(404)
})
