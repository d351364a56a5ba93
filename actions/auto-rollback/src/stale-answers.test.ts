import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs'
import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import { runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { startHttp, type TestServer } from '@deploy-kit/core/testing/test-server'
import { type Lab, startLab } from '@deploy-kit/lab/lab'
import { imageOf, smallWorld } from '@deploy-kit/lab/testing/small-world'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { action as ecsDeploy } from '../../ecs-deploy/src/action.ts'
import { action } from './action.ts'

let lab: Lab
let proxy: TestServer
let temporary: string
/** How many more answers to DescribeServices are those of before the last UpdateService. */
let staleAnswers = 0

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'stale-answers-'))
  lab = await startLab({ world: smallWorld(['brief', 'long', 'reverted']), timeScale: 0.005, throttling: false })
  const latest = new Map<string, string>()
  proxy = await startHttp(async (request, response) => {
    const body = (await buffer(request)).toString()
    const operation = String(request.headers['x-amz-target']).split('.')[1]
    const headers = Object.entries(request.headers).filter(([name]) => !['host', 'connection'].includes(name))
    const answer = await fetch(lab.url, { method: 'POST', headers: headers as [string, string][], body })
    const text = await answer.text()
    const isStale = operation === 'DescribeServices' && staleAnswers > 0
    if (isStale) staleAnswers -= 1
    else if (operation === 'DescribeServices') latest.set(body, text)
    response
      .writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' })
      .end(isStale ? latest.get(body) : text)
  })
  const environment = { ...lab.environment, AWS_ENDPOINT_URL: proxy.url }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await proxy[Symbol.asyncDispose]()
  await lab.close()
  await rm(temporary, { recursive: true })
})

/** The post step comes right after the deployment, and ECS answers as if that had not been. */
async function restoreWhileStale(service: string, tag: string, wait: string, answers: number) {
  const environment = { ...process.env, RUNNER_TEMP: temporary, GITHUB_RUN_ID: service }
  const inputs = { cluster: 'small', services: service, interval: '1s', timeout: '10m' }
  const clock = hurriedClock(20)
  const { state } = await runInMemory(action, { inputs, environment, clock })
  await runInMemory(ecsDeploy, { inputs: { ...inputs, image: imageOf(tag), wait }, environment, clock })
  staleAnswers = answers
  const run = await runInMemory(action, { inputs, environment, clock, phase: 'post', state })
  staleAnswers = 0
  const ecs = new ECSClient()
  const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster: 'small', services: [service] }))
  ecs.destroy()
  return { run, runs: services[0]?.taskDefinition?.split('/')[1] }
}

it.each([
  ['brief', 2],
  ['long', 7],
])('restores what was deployed although ECS does not show it yet (%s)', async (service, answers) => {
  const { run, runs } = await restoreWhileStale(service, 'v2', 'false', answers)
  expect(run.outputs).toMatchObject({ outcome: 'rolled-back', 'rolled-back': 'true' })
  expect(runs).toBe(`${service}:1`)
})

it('does not take for old what shows that ECS has reverted the deployment', async () => {
  const { run, runs } = await restoreWhileStale('reverted', 'broken', 'true', 0)
  expect(run.outputs.outcome).toBe('already-rolled-back')
  expect(runs).toBe('reverted:1')
})
