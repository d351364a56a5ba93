import { once } from 'node:events'
import { Agent, createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { expect, test } from 'vitest'
import { Journal } from '../journal.ts'
import { LabClock } from '../lab-clock.ts'
import { startServer, testCredentials } from '../server/server.ts'
import { createBalancerService } from './balancer-service.ts'
import { parseMatcher } from './matcher.ts'
import { Target } from './target.ts'
import { drainMs } from './target-group.ts'

const settings = {
  name: 'web',
  healthCheckPath: '/health',
  healthCheckIntervalSeconds: 10,
  healthyThresholdCount: 2,
  unhealthyThresholdCount: 2,
  deregistrationDelaySeconds: 300,
  matcher: '200-299',
}

async function startBalancer() {
  const started = new AsyncDisposableStack()
  const clock = started.adopt(new LabClock(0.01), (clock) => clock.close())
  const journal = new Journal()
  const owner = { region: 'eu-central-1', accountId: '123456789012', clock, journal }
  const context = { ...owner, dataDirectory: '', random: Math.random }
  const service = await createBalancerService(context, { loadBalancers: [{ name: 'web', targetGroup: settings }] })
  started.defer(() => service.close())
  const server = started.use(await startServer({ services: [service], journal }))
  const client = { endpoint: server.url, region: owner.region, credentials: testCredentials }
  const elb = started.adopt(new ElasticLoadBalancingV2Client(client), (client) => client.destroy())
  const [web] = service.loadBalancers
  return {
    elb,
    url: web!.url,
    port: web!.port,
    group: web!.group,
    use: <T extends AsyncDisposable>(value: T) => started.use(value),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

interface Answer {
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
}

/** A target: answers with its name after `?ms=`, and its health with `status`. */
async function startTarget(name: string) {
  const target = { status: 200, name }
  const server = createServer(async (incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', 'http://target')
    if (url.pathname === '/reset') return incoming.socket.resetAndDestroy()
    await sleep(Number(url.searchParams.get('ms') ?? 0))
    outgoing.statusCode = url.pathname === '/health' ? target.status : 200
    outgoing.setHeader('set-cookie', ['a=1', 'b=2'])
    outgoing.end(JSON.stringify({ name, headers: incoming.headers }))
  })
  server.on('upgrade', (_incoming, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n')
    socket.pipe(socket)
  })
  await listen(server)
  return Object.assign(target, {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(10)
}

async function healthyTarget(balancer: Awaited<ReturnType<typeof startBalancer>>, name: string, id: string) {
  const target = balancer.use(await startTarget(name))
  balancer.group.register({ id, port: 80, address: target.address })
  await until(() => balancer.group.healthOf(id, 80).state === 'healthy')
  return target
}

test('requests go to the healthy targets in turn, with the headers of a load balancer', async () => {
  await using balancer = await startBalancer()
  await healthyTarget(balancer, 'one', '10.0.0.1')
  await healthyTarget(balancer, 'two', '10.0.0.2')

  const answers = []
  for (let index = 0; index < 4; index++) answers.push(await fetch(balancer.url))

  const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as readonly Answer[]
  const names = bodies.map(({ name }) => name)
  expect(names.slice(0, 2).toSorted()).toEqual(['one', 'two'])
  expect(names.slice(2)).toEqual(names.slice(0, 2))
  expect(answers[0]?.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  expect(bodies[0]?.headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' })
})

// "HTTP 503: Service unavailable: The target groups for the load balancer have no registered targets" (Troubleshoot your
// Application Load Balancers)
test('without a target the answer is 503, and a target that resets is 502', async () => {
  await using balancer = await startBalancer()
  expect((await fetch(balancer.url)).status).toBe(503)

  await healthyTarget(balancer, 'one', '10.0.0.1')
  expect((await fetch(`${balancer.url}/reset`)).status).toBe(502)
})

test('a target that fails its checks is unhealthy, says why, and gets no requests while another is healthy', async () => {
  await using balancer = await startBalancer()
  const sick = await healthyTarget(balancer, 'sick', '10.0.0.1')
  await healthyTarget(balancer, 'well', '10.0.0.2')

  sick.status = 500
  await until(() => balancer.group.healthOf('10.0.0.1', 80).state === 'unhealthy')

  expect(balancer.group.healthOf('10.0.0.1', 80)).toEqual({
    state: 'unhealthy',
    reason: 'Target.ResponseCodeMismatch',
    description: 'Health checks failed with these codes: [500]',
  })
  for (let index = 0; index < 3; index++)
    expect(await (await fetch(balancer.url)).json()).toMatchObject({ name: 'well' })
})

// "If a target group contains only unhealthy registered targets, the load balancer routes requests to all those targets,
// regardless of their health status." (Target groups for your Application Load Balancers)
test('when all targets are unhealthy, requests go to them all the same', async () => {
  await using balancer = await startBalancer()
  const only = await healthyTarget(balancer, 'only', '10.0.0.1')
  only.status = 500
  await until(() => balancer.group.healthOf('10.0.0.1', 80).state === 'unhealthy')

  expect((await fetch(balancer.url)).status).toBe(200)
})

test('a process that does not listen yet is initial, not unhealthy; one that answers wrongly is not waited for', () => {
  const address = { host: '127.0.0.1', port: 1 }
  const target = new Target({ id: '10.0.0.1', port: 80, address }, { healthy: 2, unhealthy: 2 })
  const failed = { kind: 'failed', reason: 'Target.FailedHealthChecks', description: 'Health checks failed' } as const

  for (let index = 0; index < 5; index++) expect(target.record({ ...failed, connected: false })).toBe(false)
  expect(target.health.state).toBe('initial')

  expect(target.record({ ...failed, connected: true })).toBe(false)
  expect(target.record({ ...failed, connected: true })).toBe(true)
  expect(target.health.state).toBe('unhealthy')
})

// "If a deregistering target has no in-flight requests and no active connections, Elastic Load Balancing immediately
// completes the deregistration process, without waiting for the deregistration delay to elapse." (Deregistration delay)
test('a target that is deregistered finishes what it was asked and gets nothing new', async () => {
  await using balancer = await startBalancer()
  await healthyTarget(balancer, 'old', '10.0.0.1')
  const inFlight = fetch(`${balancer.url}/?ms=300`)
  await until(() => balancer.group.targets().some((target) => target.inFlight > 0))
  await healthyTarget(balancer, 'new', '10.0.0.2')
  let drained = false

  const deregistered = balancer.group.deregister('10.0.0.1', 80).then(() => {
    drained = true
  })

  expect(balancer.group.healthOf('10.0.0.1', 80)).toMatchObject({ state: 'draining' })
  expect(await (await fetch(balancer.url)).json()).toMatchObject({ name: 'new' })
  expect(drained).toBe(false)
  expect((await inFlight).status).toBe(200)
  await deregistered
  expect(balancer.group.healthOf('10.0.0.1', 80).state).toBe('unused')
})

test('a request in flight has the whole deregistration delay, or 15 s of it in a lab whose clock is faster', () => {
  const clock = { scaledMs: (seconds: number) => seconds * 10 }
  expect([0, 5, 30, 3600].map((seconds) => drainMs(seconds, clock))).toEqual([0, 5_000, 15_000, 36_000])
})

test('a WebSocket is handed on both ways', async () => {
  await using balancer = await startBalancer()
  await healthyTarget(balancer, 'one', '10.0.0.1')
  const headers = { connection: 'Upgrade', upgrade: 'websocket' }
  const upgrade = request({ host: '127.0.0.1', port: balancer.port, headers })
  upgrade.end()

  const [response, socket] = await once(upgrade, 'upgrade')

  expect(response.statusCode).toBe(101)
  socket.write('hello')
  const [echo] = await once(socket, 'data')
  expect(String(echo)).toBe('hello')
  socket.destroy()
})

test('a client that goes away in the middle costs nobody else anything', async () => {
  await using balancer = await startBalancer()
  await healthyTarget(balancer, 'one', '10.0.0.1')
  const socket = connect(balancer.port, '127.0.0.1')
  socket.write('GET /?ms=200 HTTP/1.1\r\nhost: web\r\n\r\n')
  await until(() => balancer.group.targets().some((target) => target.inFlight > 0))

  socket.destroy()

  await until(() => balancer.group.targets().every((target) => target.inFlight === 0))
  expect((await fetch(balancer.url)).status).toBe(200)
})

test('a target that answers before it has read the body costs neither this request nor the next of the client', async () => {
  await using balancer = await startBalancer()
  await healthyTarget(balancer, 'one', '10.0.0.1')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const post = async (bytes: number) => {
    const sent = request(balancer.url, { agent, method: 'POST', headers: { 'content-length': bytes } })
    sent.write('x'.repeat(500))
    setTimeout(() => sent.end('x'.repeat(bytes - 500)), 50)
    const [answer] = await once(sent, 'response')
    await once(answer.resume(), 'end')
    return answer.statusCode
  }

  const statuses = [await post(300_000), await post(1_000), await post(300_000)]

  agent.destroy()
  expect(statuses).toEqual([200, 200, 200])
})

test('the API names load balancers, target groups and the health of targets', async () => {
  await using balancer = await startBalancer()
  const { elb, group } = balancer
  await healthyTarget(balancer, 'one', '10.0.0.1')

  const balancers = await elb.send(new DescribeLoadBalancersCommand({ Names: ['web'] }))
  const groups = await elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [group.arn] }))
  const health = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: group.arn }))
  const asked = { TargetGroupArn: group.arn, Targets: [{ Id: '10.9.9.9', Port: 80 }] }
  const unknown = await elb.send(new DescribeTargetHealthCommand(asked))

  expect(balancers.LoadBalancers).toMatchObject([{ LoadBalancerName: 'web', State: { Code: 'active' } }])
  expect(`http://${balancers.LoadBalancers?.[0]?.DNSName}`).toBe(balancer.url)
  expect(groups.TargetGroups).toMatchObject([
    { TargetGroupName: 'web', LoadBalancerArns: [balancers.LoadBalancers?.[0]?.LoadBalancerArn], TargetType: 'ip' },
  ])
  expect(health.TargetHealthDescriptions).toMatchObject([
    { Target: { Id: '10.0.0.1', Port: 80 }, TargetHealth: { State: 'healthy' } },
  ])
  expect(unknown.TargetHealthDescriptions).toMatchObject([
    { Target: { Id: '10.9.9.9' }, TargetHealth: { State: 'unused', Reason: 'Target.NotRegistered' } },
  ])
  const none = (name: string) => elb.send(new DescribeTargetGroupsCommand({ Names: [name] }))
  await expect(none('x')).rejects.toMatchObject({ name: 'TargetGroupNotFoundException' })
})

test('a matcher is a list of codes and ranges', () => {
  const accepts = parseMatcher('200,204, 300-399')
  expect([200, 201, 204, 299, 300, 399, 400].filter(accepts)).toEqual([200, 204, 300, 399])
  expect(() => parseMatcher('2xx')).toThrow('"2xx"')
})
