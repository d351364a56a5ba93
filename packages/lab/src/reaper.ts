/**
 * Runs beside a lab, in a session of its own, and ends what the lab leaves behind. Each line on stdin is a message of
 * ProcessKeeper; the end of stdin means that the lab is gone.
 */
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const groups = new Map<number, NodeJS.Signals>()
let dataDirectory: string | undefined

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as { add?: number; with?: NodeJS.Signals; remove?: number; directory?: string }
  if (message.add !== undefined) groups.set(message.add, message.with ?? 'SIGKILL')
  if (message.remove !== undefined) groups.delete(message.remove)
  if (message.directory !== undefined) dataDirectory = message.directory
}

for (const [group, signal] of groups) signalGroup(group, signal)
for (let waits = 0; waits < 10 && livingGroups().length > 0; waits++) await sleep(50)
for (const group of livingGroups()) signalGroup(group, 'SIGKILL')
if (dataDirectory !== undefined) await rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 })

function livingGroups(): readonly number[] {
  return [...groups.keys()].filter((group) => signalGroup(group, 0))
}

function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal)
  } catch {
    return false
  }
}
