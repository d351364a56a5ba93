import { DeleteServiceCommand, DeregisterTaskDefinitionCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs'
import { startHttp, type TestServer } from '@deploy-kit/core/testing/test-server'
import { imageOf } from '@deploy-kit/lab/testing/small-world'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { arnOf, type GuardedLab, startGuardedLab } from './testing/guarded-lab.ts'

let guarded: GuardedLab
let health: TestServer

beforeAll(async () => {
  guarded = await startGuardedLab([
    'untouched',
    'finished',
    'flying',
    'reverted',
    'stolen',
    'fixed',
    'gone',
    'pair-a',
    'pair-b',
    'twice',
    'sick',
    'dry',
    'scaled',
    'own',
    'half-a',
    'half-b',
    'kept',
    'deleted',
  ])
  health = await startHttp((request, response) => response.writeHead(request.url === '/sick' ? 500 : 200).end())
})
afterAll(async () => {
  await health[Symbol.asyncDispose]()
  await guarded[Symbol.asyncDispose]()
})

describe.concurrent('the post step of a guard', () => {
  it('restores nothing when nothing was deployed', async () => {
    const job = guarded.startJob({ services: 'untouched' })
    const armed = await job.arm()
    expect(armed.annotations).toEqual([])
    expect(armed.outputs).toMatchObject({ outcome: 'armed', 'rolled-back': 'false' })
    expect(JSON.parse(armed.outputs.baseline ?? '')).toMatchObject({
      services: [{ taskDefinition: arnOf('untouched:1') }],
    })
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'not-needed', 'rolled-back': 'false' })
    expect(run.exitCode).toBe(0)
  })

  it('updates a service back whose deployment has finished, and proves it healthy', async () => {
    const job = guarded.startJob({ services: 'finished', 'verify-url': `${health.url}/` })
    await job.arm()
    expect((await job.deploy({ image: imageOf('v2') })).outputs.outcome).toBe('deployed')
    const run = await job.post()
    expect(run.outputs).toMatchObject({
      outcome: 'rolled-back',
      'rolled-back': 'true',
      from: arnOf('finished:2'),
      to: arnOf('finished:1'),
    })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(
      /finished was rolled back from finished:2 to finished:1, and http.* is healthy/,
    )
    expect(await guarded.readSteady('finished')).toBe(arnOf('finished:1'))
  })

  it('stops a deployment in flight with rollback', async () => {
    const job = guarded.startJob({ services: 'flying' })
    await job.arm()
    await job.deploy({ image: imageOf('v2'), wait: 'false' })
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('flying:1') })
    expect(guarded.lab.journal.requests('ecs', 'StopServiceDeployment')).not.toEqual([])
    expect(await guarded.readSteady('flying')).toBe(arnOf('flying:1'))
  })

  it('sees that ECS has rolled back by itself', async () => {
    const job = guarded.startJob({ services: 'reverted' })
    await job.arm()
    expect((await job.deploy({ image: imageOf('broken') })).outputs.outcome).toBe('rolled-back')
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'already-rolled-back', 'rolled-back': 'false' })
    expect(run.exitCode).toBe(0)
    expect(guarded.updatesOf('reverted')).toHaveLength(1)
    expect(await guarded.readSteady('reverted')).toBe(arnOf('reverted:1'))
  })

  it("leaves somebody else's deployment alone", async () => {
    const job = guarded.startJob({ services: 'stolen' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    await guarded.updateByHand('stolen', await guarded.registerRevision('stolen', imageOf('v3')))
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'superseded', 'rolled-back': 'false' })
    expect(run.annotations[0]).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/somebody else deployed stolen:3/),
    })
    expect((await guarded.describeService('stolen')).taskDefinition).toBe(arnOf('stolen:3'))
  })

  it("counts a change that no ecs-deploy recorded as this job's", async () => {
    const job = guarded.startJob({ services: 'own' })
    await job.arm()
    await guarded.updateByHand('own', await guarded.registerRevision('own'))
    expect((await job.post()).outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('own:1') })
  })

  it('sees that somebody else has rolled back', async () => {
    const job = guarded.startJob({ services: 'fixed' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    await guarded.updateByHand('fixed', arnOf('fixed:1'))
    expect((await job.post()).outputs.outcome).toBe('already-rolled-back')
  })

  it('registers a baseline again that was deregistered meanwhile', async () => {
    const job = guarded.startJob({ services: 'gone' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    await guarded.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'gone:1' }))
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('gone:3') })
    expect(await guarded.readSteady('gone')).toBe(arnOf('gone:3'))
  })

  it('restores several services in reverse order, and one that cannot be does not stop the others', async () => {
    const job = guarded.startJob({ services: 'pair-a, pair-b' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    guarded.lab.policies.put(guarded.lab.environment.AWS_ACCESS_KEY_ID ?? '', {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'ecs:UpdateService', Resource: 'arn:aws:ecs:*:*:service/small/pair-b' },
      ],
    })
    const run = await job.post()
    guarded.lab.policies.put(guarded.lab.environment.AWS_ACCESS_KEY_ID ?? '', {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    })
    expect(run.exitCode).toBe(1)
    const report = JSON.parse(run.outputs.report ?? '[]') as { service: string; outcome: string; reason: string }[]
    expect(report.map(({ service, outcome }) => `${service} ${outcome}`)).toEqual([
      'pair-a rolled-back',
      'pair-b failed',
    ])
    expect(report[1]?.reason).toMatch(/ecs:UpdateService/)
    expect(run.outputs).toMatchObject({ outcome: 'failed', 'rolled-back': 'true' })
    const order = guarded.updatesOf('pair').slice(-2)
    expect(order).toEqual(['pair-b', 'pair-a'])
  })

  it('restores the half of the services that was deployed, and leaves the others', async () => {
    const job = guarded.startJob({ services: 'half-a, half-b' })
    await job.arm()
    await job.deploy({ services: 'half-a', image: imageOf('v2') })
    const run = await job.post()
    const report = JSON.parse(run.outputs.report ?? '[]') as { service: string; outcome: string }[]
    expect(report.map(({ service, outcome }) => `${service} ${outcome}`)).toEqual([
      'half-a rolled-back',
      'half-b not-needed',
    ])
    expect(guarded.updatesOf('half-b')).toEqual([])
  })

  it('says that a service was deleted, and restores the others', async () => {
    const job = guarded.startJob({ services: 'kept, deleted' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    await guarded.ecs.send(new DeleteServiceCommand({ cluster: 'small', service: 'deleted', force: true }))
    const dry = await job.post({ 'dry-run': 'true' })
    expect(dry).toMatchObject({ exitCode: 1, outputs: { outcome: 'failed', 'rolled-back': 'false' } })
    expect(dry.annotations[0]?.message).toMatch(
      /^Dry run: 1 of 2 would be restored: kept from kept:2 to kept:1; deleted could not be restored .*Nothing was changed$/,
    )
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'failed', 'rolled-back': 'true' })
    expect(run.annotations[0]?.message).toMatch(
      /deleted could not be restored .* the service is (DRAINING|INACTIVE): it was deleted/,
    )
    expect(await guarded.readSteady('kept')).toBe(arnOf('kept:1'))
  })

  it('takes its own rollback for its own when two guards stand in one job', async () => {
    const first = guarded.startJob({ services: 'twice' })
    await first.arm()
    await first.deploy({ image: imageOf('v2') })
    const second = guarded.startJob({ services: 'twice' }, { runId: first.runId })
    await second.arm()
    await second.deploy({ image: imageOf('v3') })
    const inner = await second.post()
    expect(inner.outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('twice:2') })
    expect((await first.post()).outputs).toMatchObject({ outcome: 'rolled-back', to: arnOf('twice:1') })
  })

  it('fails when the restored version is not healthy', async () => {
    const job = guarded.startJob({ services: 'sick', 'verify-url': `${health.url}/sick`, 'verify-timeout': '300ms' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    const run = await job.post()
    expect(run.outputs).toMatchObject({ outcome: 'failed', 'rolled-back': 'true' })
    expect(run.annotations[0]?.message).toMatch(/rolled back from sick:2 to sick:1, but http.* is not healthy/)
  })

  it('keeps the desired count as it is now', async () => {
    const job = guarded.startJob({ services: 'scaled' })
    await job.arm()
    await job.deploy({ image: imageOf('v2') })
    await guarded.ecs.send(new UpdateServiceCommand({ cluster: 'small', service: 'scaled', desiredCount: 2 }))
    expect((await job.post()).outputs.outcome).toBe('rolled-back')
    expect(await guarded.describeService('scaled')).toMatchObject({ desiredCount: 2, runningCount: 2 })
  })

  it('changes nothing in a dry run and says what it would do', async () => {
    const job = guarded.startJob({ services: 'dry', persist: 'tag', 'dry-run': 'true' })
    const armed = await job.arm()
    expect(armed.log.at(-1)).toBe(
      'Dry run: if this job fails or is cancelled, dry (dry:1) would be put back, and the baseline would be kept on a tag. Nothing is going to be changed',
    )
    await job.deploy({ image: imageOf('v2') })
    const run = await job.post()
    expect(run.exitCode).toBe(0)
    expect(run.log.at(-1)).toBe('Dry run: 1 of 1 would be restored: dry from dry:2 to dry:1. Nothing was changed')
    expect(run.summary).toContain('restore `dry:1` in place of `dry:2`')
    expect(await guarded.readSteady('dry')).toBe(arnOf('dry:2'))
  })

  it('has nothing to do when the guard was never armed', async () => {
    const run = await guarded.startJob({ services: 'untouched' }).post()
    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
  })
})
