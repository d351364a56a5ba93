import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runReleased, startReleased } from './released-run.ts'

const QUICK = { interval: '20ms', jitter: '0', timeout: '20s' }

/** A service that says its version, and what happens to those who ask for something else. */
const service = createServer((request, response) => {
  if (request.url === '/health') response.end('{"version": "2.0", "db": {"status": "UP"}}')
  else if (request.url === '/broken') response.writeHead(500).end('::error::no')
  else if (request.url === '/login') response.writeHead(302, { location: '/sign-in' }).end()
  else if (request.url !== '/hang') response.end()
})
let url = ''

beforeAll(async () => {
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
})
afterAll(() => {
  service.closeAllConnections()
  service.close()
})

describe('the released health-check', () => {
  test('passes a healthy target and sets every output', async () => {
    const run = await runReleased('health-check', {
      ...QUICK,
      url: `${url}/health`,
      'expected-version': '2.0',
      conditions: '[BODY].db.status == "UP"',
      'expected-body-regex': '"UP"',
    })
    expect(run.log).toContain('200 OK, as expected: 1 of 3 in a row')
    expect(run.exitCode).toBe(0)
    expect(run.outputs).toEqual({
      healthy: 'true',
      reason: '',
      attempts: '3',
      'elapsed-ms': expect.stringMatching(/^\d+$/),
      'last-status': '200',
      'last-error': '',
      'response-time-ms': expect.stringMatching(/^\d+$/),
      version: '2.0',
      'certificate-expires-at': '',
      report: expect.stringContaining('"healthy":true'),
    })
    expect(run.summary).toContain('### ✅ health-check')
  })

  test('ends with its verdict where the summary cannot be written', async () => {
    const wrapper = ['env', 'GITHUB_STEP_SUMMARY=/nowhere/summary']
    const run = await runReleased('health-check', { ...QUICK, url: `${url}/health` }, { wrapper })
    expect(run.exitCode).toBe(0)
    expect(run.outputs.healthy).toBe('true')
    expect(run.log).toContain('The job summary could not be written: ENOENT')
  })

  test('fails an unhealthy one with a diagnosis, and one annotation', async () => {
    const run = await runReleased('health-check', { ...QUICK, url: `${url}/broken`, 'failure-threshold': '2' })
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ healthy: 'false', reason: 'status', attempts: '2', 'last-status': '500' })
    const annotations = run.log.split('\n').filter((line) => line.startsWith('::error title=deploy-kit health-check::'))
    expect(annotations).toHaveLength(1)
    expect(run.log).toContain('Look at next: The application itself fails')
    expect(run.summary).toContain('```mermaid')
  })

  test('does not follow a redirect to a login page', async () => {
    const run = await runReleased('health-check', { ...QUICK, url: `${url}/login`, 'max-attempts': '3' })
    expect(run.outputs).toMatchObject({ reason: 'redirect', 'last-status': '302' })
    expect(run.outputs['last-error']).toContain('/sign-in')
  })

  test('refuses bad input with all problems, and nothing else', async () => {
    const run = await runReleased('health-check', { url: 'example.com', timeout: '30' })
    expect(run.exitCode).toBe(1)
    expect(run.log).toContain("timeout: '30' has no unit; write 30s")
    expect(run.log).toContain("url: 'example.com' has no scheme")
    expect(run.log).not.toContain(' at ')
    expect(run.outputs).toEqual({})
  })

  test('masks its secrets before anything else', async () => {
    const run = await runReleased('health-check', { ...QUICK, url: `${url}/health`, 'basic-auth': 'me:hunter2' })
    expect(run.log.split('\n')[0]).toBe('::add-mask::me:hunter2')
    expect(run.log).toContain('::add-mask::hunter2')
    expect(run.exitCode).toBe(0)
  })
})

test.skipIf(!canReplaceFiles())(
  'a name whose first address is dead is reached at the next one, and the log names both',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-hosts-'))
    const hosts = join(folder, 'hosts')
    await writeFile(hosts, '::1 app.test\n127.0.0.1 app.test\n')
    const { port } = service.address() as AddressInfo
    const target = `http://app.test:${port}/health`
    const run = await runReleased('health-check', { ...QUICK, url: target }, { wrapper: withFile(hosts, '/etc/hosts') })
    await rm(folder, { recursive: true, force: true })
    expect(run.outputs.healthy).toBe('true')
    expect(run.log).toContain(`200 OK from 127.0.0.1:${port} ([::1]:${port} `)
  },
)

describe('SIGINT ends the released health-check at once, with outputs', () => {
  const servers: Server[] = []
  afterAll(() => {
    for (const server of servers) server.close()
  })

  async function listen(serve: (socket: Socket) => void): Promise<number> {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      serve(socket)
    })
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  /**
   * Starts, waits until the phase is reached, interrupts, and looks at how it ended. Whatever holds it holds it for a
   * minute, longer than a test may take; the bench says how soon it ends.
   */
  async function interrupt(inputs: Record<string, string>, reached: Promise<unknown>, signal: 'SIGINT' | 'SIGTERM') {
    const run = await startReleased('health-check', { timeout: '5m', 'request-timeout': '1m', ...inputs })
    await reached
    run.process.kill(signal)
    const ended = await run.ended
    expect(ended.exitCode).toBe(1)
    expect(ended.outputs).toMatchObject({ healthy: 'false' })
    expect(ended.log).toContain(`Received ${signal}`)
    expect(ended.summary).toContain('🛑')
  }

  test.each([
    ['waiting for the answer', 'http', '', 'SIGINT'],
    ['reading the body', 'http', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na', 'SIGTERM'],
    ['in the TLS handshake', 'https', '', 'SIGINT'],
  ] as const)('%s', async (_, scheme, sent, signal) => {
    const asked = Promise.withResolvers<void>()
    const port = await listen((socket) => {
      socket.once('data', () => {
        if (sent !== '') socket.write(sent)
        asked.resolve()
      })
    })
    await interrupt({ url: `${scheme}://127.0.0.1:${port}/` }, asked.promise, signal)
  })

  test('in the pause between attempts', async () => {
    const answered = Promise.withResolvers<void>()
    const port = await listen((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n', () => answered.resolve()))
    })
    await interrupt({ url: `http://127.0.0.1:${port}/`, interval: '1m' }, answered.promise, 'SIGINT')
  })

  test('in a regular expression that does not end', async () => {
    const answered = Promise.withResolvers<void>()
    const body = `${'a'.repeat(60)}!`
    const port = await listen((socket) => {
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      socket.once('data', () => socket.end(answer, () => answered.resolve()))
    })
    await interrupt({ url: `http://127.0.0.1:${port}/`, 'expected-body-regex': '^(a+)+$' }, answered.promise, 'SIGINT')
  })

  test.skipIf(!canReplaceFiles())('in DNS', async () => {
    // A name server that takes questions and answers none, for this one process.
    const asked = Promise.withResolvers<void>()
    await using nameServer = await startSilentNameServer(() => asked.resolve())
    const wrapper = withFile(nameServer.resolvConf, '/etc/resolv.conf')
    const run = await startReleased('health-check', { url: 'http://hangs.example.com/', timeout: '5m' }, { wrapper })
    await asked.promise
    run.process.kill('SIGINT')
    const ended = await run.ended
    expect(ended).toMatchObject({ exitCode: 1, outputs: { healthy: 'false' } })
  })
})

/** Another hosts or resolv.conf for one process needs a mount namespace, which only root may make. */
function canReplaceFiles(): boolean {
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The command line before a program that sees `file` in place of another one. */
function withFile(file: string, inPlaceOf: string): readonly string[] {
  return ['unshare', '-m', 'sh', '-c', `mount --bind ${file} ${inPlaceOf} && exec "$@"`, 'sh']
}

async function startSilentNameServer(onQuestion: () => void) {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-resolver-'))
  const resolvConf = join(folder, 'resolv.conf')
  await writeFile(resolvConf, 'nameserver 127.0.0.53\noptions timeout:20 attempts:2\n')
  const socket = createSocket('udp4')
  socket.once('message', onQuestion)
  socket.bind(53, '127.0.0.53')
  await once(socket, 'listening')
  return {
    resolvConf,
    async [Symbol.asyncDispose]() {
      socket.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
