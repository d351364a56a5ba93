/**
 * Part of `npx --yes pnpm@12 bench`: how quickly the built health-check sends its first request, how soon after a target
 * is well it ends, and what 200 targets cost against one. Peers' figures are beside ours.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startHttp } from '@deploy-kit/core/testing/test-server'
import { ensureReleasedAction } from '@deploy-kit/release/released-action'
import { renderColumns } from '@deploy-kit/release/text-table'

const ROUNDS = 15
/** From one run on another machine: medians in ms with each action's own bundle, bare Node being 27 ms. */
const RECORDED = { 'url-health-check-action': 53, 'http-request-action': 85, 'wait-on (recorded)': 161 } as const
const RECORDED_BARE = 27
const STREAK = 5
const INTERVAL_MS = 200

const bundle = join(await ensureReleasedAction('health-check'), 'dist', 'main.mjs')
const waitOn = join(fileURLToPath(import.meta.resolve('wait-on/package.json')), '..', 'bin', 'wait-on')

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-bench-'))
  try {
    const empty = join(folder, 'empty.mjs')
    await writeFile(empty, '')
    await benchStart(empty)
    await benchEnd()
    await benchCancel(empty)
    await benchMany(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function benchStart(empty: string): Promise<void> {
  const programs: Readonly<Record<string, (port: number) => [args: string[], inputs: Record<string, string>]>> = {
    'bare Node': () => [[empty], {}],
    'health-check, http': (port) => [[bundle], { INPUT_URL: `http://127.0.0.1:${port}/` }],
    'health-check, https': (port) => [[bundle], { INPUT_URL: `https://127.0.0.1:${port}/` }],
    'wait-on, http': (port) => [[waitOn, `http-get://127.0.0.1:${port}/`], {}],
  }
  const times = new Map<string, number[]>()
  // Round by round rather than one after the other, so that whatever else the machine does meets them all.
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, program] of Object.entries(programs)) {
      times.set(name, [...(times.get(name) ?? []), await timeToFirstByte(program)])
    }
  }
  const bare = median(times.get('bare Node') ?? [])
  const measured = [...times].map(([name, all]) => [name, `${median(all).toFixed(0)} ms`, ratio(median(all), bare)])
  const recorded = Object.entries(RECORDED).map(([name, ms]) => [name, `${ms} ms`, ratio(ms, RECORDED_BARE)])
  console.log(renderColumns([['start to first request', 'median', 'bare Node'], ...measured, ...recorded]))
  console.log(`Medians of ${ROUNDS}. To be at most 1.80 × for http and 2.20 × for https.\n`)
}

/** Milliseconds from the start of a program to its first byte at a server, or to its end if it sends none. */
async function timeToFirstByte(program: (port: number) => [string[], Record<string, string>]): Promise<number> {
  const sent = Promise.withResolvers<void>()
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined).once('data', () => sent.resolve())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const [args, env] = program((server.address() as AddressInfo).port)
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, { env, stdio: 'ignore' })
  const ended = once(child, 'exit')
  await Promise.race([sent.promise, ended])
  const elapsedMs = performance.now() - startedAt
  child.kill('SIGKILL')
  await ended
  for (const socket of sockets) socket.destroy()
  server.close()
  return elapsedMs
}

/** From the first good answer to the end of the process; the pauses between the answers of the streak are its least. */
async function benchEnd(): Promise<void> {
  let wellAt = 0
  await using server = await startHttp((_, response, number) => {
    if (number === 3) wellAt = performance.now()
    response.writeHead(number < 3 ? 503 : 200).end()
  })
  const inputs = { URL: server.url, INTERVAL: `${INTERVAL_MS}ms`, 'SUCCESS-THRESHOLD': String(STREAK), JITTER: '0' }
  await runToEnd(inputs)
  const elapsedMs = performance.now() - wellAt
  const allowedMs = STREAK * INTERVAL_MS * 1.1
  console.log(`Healthy to exit: ${elapsedMs.toFixed(0)} ms for a streak of ${STREAK} every ${INTERVAL_MS} ms.`)
  console.log(`To be at most streak × interval + 10 %, ${allowedMs.toFixed(0)} ms.\n`)
}

/** From SIGINT, while a target keeps the step waiting, to the end of the process. */
async function benchCancel(empty: string): Promise<void> {
  const bareMs: number[] = []
  const cancelMs: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    bareMs.push(await timeToFirstByte(() => [[empty], {}]))
    cancelMs.push(await timeToCancel())
  }
  const [bare, cancelled] = [median(bareMs), median(cancelMs)]
  const most = Math.max(...cancelMs)
  console.log(
    `SIGINT to exit: ${cancelled.toFixed(0)} ms (${ratio(cancelled, bare)} bare Node's start), ${most.toFixed(0)} ms at most.`,
  )
  console.log(`Medians of ${ROUNDS}. To be at most 1000 ms.\n`)
}

async function timeToCancel(): Promise<number> {
  const asked = Promise.withResolvers<void>()
  await using server = await startHttp(() => asked.resolve())
  const env = { INPUT_URL: server.url, 'INPUT_REQUEST-TIMEOUT': '1m' }
  const child = spawn(process.execPath, [bundle], { env, stdio: 'ignore' })
  const ended = once(child, 'exit')
  await Promise.race([asked.promise, ended])
  const interruptedAt = performance.now()
  child.kill('SIGINT')
  await ended
  return performance.now() - interruptedAt
}

async function benchMany(folder: string): Promise<void> {
  const preload = join(folder, 'usage.mjs')
  await writeFile(
    preload,
    `process.on('exit', () => { const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
process.stderr.write('usage:' + JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, rssMb: maxRSS / 1024 }) + '\\n') })`,
  )
  await using server = await startHttp((_, response) => response.end('{"status": "UP"}'))
  const rows: string[][] = []
  for (const count of [1, 200]) {
    const url = Array.from({ length: count }, (_, index) => `${server.url}/${index}`).join('\n')
    const before = server.requests.length
    const startedAt = performance.now()
    const log = await runToEnd({ URL: url, INTERVAL: '100ms', 'SUCCESS-THRESHOLD': '10' }, ['--import', preload])
    const { cpuMs, rssMb } = JSON.parse(/usage:(.*)/.exec(log)?.[1] ?? '{}') as Record<string, number>
    const elapsedMs = performance.now() - startedAt
    const requests = server.requests.length - before
    const figures = [requests, `${elapsedMs.toFixed(0)} ms`, `${cpuMs?.toFixed(0)} ms`, `${rssMb?.toFixed(0)} MB`]
    rows.push([String(count), ...figures.map(String)])
  }
  console.log(renderColumns([['targets', 'requests', 'elapsed', 'CPU', 'memory'], ...rows]))
}

/** Runs the bundle to its end and gives its log. */
async function runToEnd(inputs: Record<string, string>, flags: readonly string[] = []): Promise<string> {
  const env = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name}`, value]))
  const child = spawn(process.execPath, [...flags, bundle], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text
    })
  }
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`health-check ended with ${code}:\n${log}`)
  return log
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function ratio(ms: number, bare: number): string {
  return `${(ms / bare).toFixed(2)} ×`
}

await main()
