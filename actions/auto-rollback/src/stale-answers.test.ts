import { buffer } from 'node:stream/consumers'
import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import { startHttp, type TestServer } from '@deploy-kit/core/testing/test-server'
import { imageOf } from '@deploy-kit/lab/testing/small-world'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type GuardedLab, startGuardedLab } from './testing/guarded-lab.ts'

let guarded: GuardedLab
let proxy: TestServer
/** How many more answers to DescribeServices are those of before the last UpdateService. */
let staleAnswers = 0

beforeAll(async () => {
  guarded = await startGuardedLab(['brief', 'long', 'reverted'])
  const latest = new Map<string, string>()
  proxy = await startHttp(async (request, response) => {
    const body = (await buffer(request)).toString()
    const operation = String(request.headers['x-amz-target']).split('.')[1]
    const headers = Object.entries(request.headers).filter(([name]) => !['host', 'connection'].includes(name))
    const answer = await fetch(guarded.lab.url, { method: 'POST', headers: headers as [string, string][], body })
    const text = await answer.text()
    const isStale = operation === 'DescribeServices' && staleAnswers > 0
    if (isStale) staleAnswers -= 1
    else if (operation === 'DescribeServices') latest.set(body, text)
    response
      .writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' })
      .end(isStale ? latest.get(body) : text)
  })
  vi.stubEnv('AWS_ENDPOINT_URL', proxy.url)
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await guarded[Symbol.asyncDispose]()
})

/** The post step comes right after the deployment, and ECS answers as if that had not been. */
async function restoreWhileStale(service: string, tag: string, wait: string, answers: number) {
  const job = guarded.startJob({ services: service, interval: '1s', timeout: '10m' }, { clock: hurriedClock(20) })
  await job.arm()
  await job.deploy({ image: imageOf(tag), wait })
  staleAnswers = answers
  const run = await job.post()
  staleAnswers = 0
  return { run, runs: (await guarded.describeService(service)).taskDefinition?.split('/')[1] }
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
