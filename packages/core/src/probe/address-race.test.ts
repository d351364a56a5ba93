import { once } from 'node:events'
import { connect } from 'node:net'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import { findClosedPort, startTcp } from '../testing/test-server.ts'
import { connectFirst } from './address-race.ts'

async function race(
  addresses: readonly string[],
  port: number,
  { lost = [], ...options }: { lost?: string[]; signal?: AbortSignal } = {},
) {
  const onLost = (address: string, code?: string): void => void lost.push(`${address} ${code ?? 'slower'}`)
  const signal = new AbortController().signal
  const socket = await connectFirst(addresses, port, { clock: systemClock, signal, onLost, ...options })
  const address = socket.remoteAddress
  socket.destroy()
  return { address, lost }
}

/**
 * Listens on 127.0.0.1 with a queue that is full, so that Linux drops the packets of whoever else wants to connect, as
 * if they got lost on the way. `accept` makes room; the system sends a lost packet again after a second.
 */
async function startDeaf(): Promise<AsyncDisposable & { port: number; accept(): void }> {
  const go = new Int32Array(new SharedArrayBuffer(4))
  const listen = `
    const { parentPort, workerData } = require('node:worker_threads')
    const server = require('node:net').createServer((socket) => socket.on('error', () => undefined))
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port)
      Atomics.wait(workerData, 0, 0)
    })`
  const worker = new Worker(listen, { eval: true, workerData: go })
  const [port] = (await once(worker, 'message')) as [number]
  // Linux lets one more wait than the backlog says.
  const fillers = [1, 2].map(() => connect({ port, host: '127.0.0.1' }).on('error', () => undefined))
  await Promise.all(fillers.map((filler) => once(filler, 'connect')))
  return {
    port,
    accept: () => {
      Atomics.store(go, 0, 1)
      Atomics.notify(go, 0)
    },
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy()
      await worker.terminate()
    },
  }
}

test('an address that is dead does not keep the next from being tried', async () => {
  await using server = await startTcp(() => undefined)
  expect(await race(['127.0.0.2', '127.0.0.1'], server.port)).toEqual({
    address: '127.0.0.1',
    lost: ['127.0.0.2 ECONNREFUSED'],
  })
})

describe.runIf(process.platform === 'linux')('an address that does not answer', () => {
  test('loses against one that does', async () => {
    await using deaf = await startDeaf()
    await using server = await startTcp(() => undefined, '127.0.0.2', deaf.port)
    expect(await race(['127.0.0.1', '127.0.0.2'], server.port)).toEqual({
      address: '127.0.0.2',
      lost: ['127.0.0.1 slower'],
    })
  })

  test('is waited for when the others are dead', async () => {
    await using deaf = await startDeaf()
    const lost: string[] = []
    const racing = race(['127.0.0.1', '127.0.0.2', '127.0.0.3'], deaf.port, { lost })
    await expect.poll(() => lost, { timeout: 20_000 }).toHaveLength(2)
    deaf.accept()
    expect(await racing).toEqual({ address: '127.0.0.1', lost: ['127.0.0.2 ECONNREFUSED', '127.0.0.3 ECONNREFUSED'] })
  }, 30_000)
})

test('when all refuse, the last one says why', async () => {
  const port = await findClosedPort()
  await expect(race(['127.0.0.1', '127.0.0.2'], port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('the signal ends it', async () => {
  await expect(race(['127.0.0.1'], 9, { signal: AbortSignal.abort() })).rejects.toMatchObject({ reason: 'timeout' })
})
