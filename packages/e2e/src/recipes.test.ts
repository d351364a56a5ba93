import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startHttp, startTcp, type TestServer } from '@deploy-kit/core/testing/test-server'
import { createTlsAuthority } from '@deploy-kit/core/testing/tls-authority'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type ReleasedRun, runReleased } from './released-run.ts'

/** The recipes of docs/health-check.md as they stand there, with hosts and secrets of the test put in. */

const SHA = '0a1b2c3d'
const recipes = await readRecipes()
let web: TestServer
let secureWeb: TestServer
let database: TestServer
let authority: string

beforeAll(async () => {
  const issuer = await createTlsAuthority()
  authority = issuer.certificate
  const tls = await issuer.issue(['www.example.com', 'live.example.com', 'api.example.com', '127.0.0.1'])
  const body = JSON.stringify({ version: SHA, build: { sha: SHA } })
  web = await startHttp((_, response) => response.end(body))
  secureWeb = await startHttp((_, response) => response.end(body), { tls })
  secureWeb.server.on('upgrade', (request, socket) => {
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    const allowed = request.headers.authorization === 'Bearer tok-12345'
    socket.on('error', () => undefined)
    socket.end(
      allowed
        ? `HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
        : 'HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n',
    )
  })
  database = await startTcp(() => undefined)
})

afterAll(async () => {
  for (const server of [web, secureWeb, database]) await server[Symbol.asyncDispose]()
})

test('behind a CDN', async () => {
  const run = await play('Behind a CDN', { 'connect-to': `127.0.0.1:${secureWeb.port}`, 'ca-cert': authority })
  expect(run.outputs).toMatchObject({ healthy: 'true', version: SHA })
})

test('blue and green by version', async () => {
  const run = await play('Blue and green by version', {
    'connect-to': `127.0.0.1:${secureWeb.port}`,
    'ca-cert': authority,
  })
  expect(run.outputs).toMatchObject({ healthy: 'true', version: SHA, attempts: '10' })
})

test('smoke test of ten endpoints', async () => {
  const run = await play('Smoke test of ten endpoints', {}, (text) =>
    text.replaceAll(/https:\/\/\w+\.example\.com/g, web.url),
  )
  expect(run.outputs.healthy).toBe('true')
  expect(JSON.parse(run.outputs.report ?? '').targets).toHaveLength(10)
})

test('a WebSocket', async () => {
  const run = await play('A WebSocket', { 'connect-to': `127.0.0.1:${secureWeb.port}`, 'ca-cert': authority })
  expect(run.outputs).toMatchObject({ healthy: 'true', 'last-status': '101' })
})

test('a database port through a tunnel', async () => {
  const run = await play('A database port through a tunnel', {}, (text) => text.replace('15432', String(database.port)))
  expect(run.outputs).toMatchObject({ healthy: 'true', attempts: '5' })
})

test('a certificate watch', async () => {
  const secure = (text: string): string => text.replaceAll(/https:\/\/\w+\.example\.com/g, secureWeb.url)
  const run = await play('A certificate watch', { 'ca-cert': authority }, secure)
  expect(run.outputs.healthy).toBe('true')
  const late = await play('A certificate watch', { 'ca-cert': authority, 'min-certificate-validity': '700d' }, secure)
  expect(late.outputs).toMatchObject({ healthy: 'false', reason: 'certificate' })
})

test('a local service in CI instead of `sleep`', async () => {
  const run = await play('A local service in CI instead of `sleep`', {}, (text) =>
    text.replace('3000', String(web.port)),
  )
  expect(run.outputs).toMatchObject({ healthy: 'true', attempts: '1' })
})

test('no recipe is left out', () => {
  expect(recipes.size).toBe(7)
})

/** Runs a recipe's step; only pauses are made shorter. */
async function play(
  name: string,
  inputs: Record<string, string>,
  place: (text: string) => string = (text) => text,
): Promise<ReleasedRun> {
  const given = recipes.get(name)
  if (!given) throw new Error(`docs/health-check.md has no recipe ${name}`)
  const texts = Object.entries(given).map(([input, value]) => {
    const text = String(value)
      .replace(/\$\{\{ github\.sha \}\}/, SHA)
      .replace(/\$\{\{ secrets\.LIVE_TOKEN \}\}/, 'tok-12345')
    return [input, place(text)] as const
  })
  return await runReleased('health-check', { ...Object.fromEntries(texts), ...inputs, interval: '20ms' })
}

async function readRecipes(): Promise<Map<string, Record<string, unknown>>> {
  const page = await readFile(join(import.meta.dirname, '../../../docs/health-check.md'), 'utf8')
  const found = page.matchAll(/^### (.+)\n[\s\S]*?```yaml\n([\s\S]*?)```/gm)
  return new Map(Array.from(found, ([, name = '', yaml = '']) => [name, inputsOf(parse(yaml))]))
}

function inputsOf(workflow: unknown): Record<string, unknown> {
  const text = JSON.stringify(workflow)
  const steps = Array.isArray(workflow)
    ? workflow
    : Object.values(JSON.parse(text).jobs).flatMap((job) => (job as { steps: unknown[] }).steps)
  const step = steps.find(({ uses }: { uses?: string }) => uses?.includes('/health-check@'))
  return (step as { with: Record<string, unknown> }).with
}
