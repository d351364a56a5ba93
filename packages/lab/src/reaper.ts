/**
 * Runs beside a lab, in a session of its own, and ends what the lab leaves behind. Each line on stdin is a message of
 * ProcessKeeper; the end of stdin means that the lab is gone.
 */
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { killMarked } from './marked-processes.ts'
import { signalGroup } from './process-group.ts'

interface Message {
  readonly add?: number
  readonly with?: NodeJS.Signals
  readonly remove?: number
  readonly mark?: string
  readonly directory?: string
}

const groups = new Map<number, NodeJS.Signals>()
let mark: string | undefined
let dataDirectory: string | undefined

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as Message
  if (message.add !== undefined) groups.set(message.add, message.with ?? 'SIGKILL')
  if (message.remove !== undefined) groups.delete(message.remove)
  mark = message.mark ?? mark
  dataDirectory = message.directory ?? dataDirectory
}

for (const [group, signal] of groups) signalGroup(group, signal)
for (let waits = 0; waits < 10 && livingGroups().length > 0; waits++) await sleep(50)
for (const group of livingGroups()) signalGroup(group, 'SIGKILL')
// A process that starts others while they are looked for is found the next time.
if (mark !== undefined) for (let sweeps = 0; sweeps < 20 && (await killMarked(mark)) > 0; sweeps++) await sleep(25)
if (dataDirectory !== undefined) await rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 })

function livingGroups(): readonly number[] {
  return [...groups.keys()].filter((group) => signalGroup(group, 0))
}
