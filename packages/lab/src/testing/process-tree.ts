import { readdir, readFile } from 'node:fs/promises'
import { expect, vi } from 'vitest'

async function statOf(pid: number): Promise<{ readonly state: string; readonly parent: number } | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const [, state, parent] = /^.*\) (\S) (\d+) /s.exec(stat) ?? []
  return state === undefined ? undefined : { state, parent: Number(parent) }
}

/** Ended, or a zombie that nobody has waited for. */
export async function isGone(pid: number): Promise<boolean> {
  const stat = await statOf(pid)
  return stat === undefined || stat.state === 'Z'
}

/** Fails when one of the processes lives for longer than `withinMs`. */
export async function expectGone(pids: readonly number[], withinMs = 20_000): Promise<void> {
  const living = async () => {
    const gone = await Promise.all(pids.map(isGone))
    return pids.filter((_pid, index) => !gone[index])
  }
  await vi.waitFor(async () => expect(await living()).toEqual([]), { timeout: withinMs, interval: 50 })
}

/** The process and everything that it, or one of its children, has started and that was not left by its parent. */
export async function processTree(root: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const parents = new Map(await Promise.all(pids.map(async (pid) => [pid, (await statOf(pid))?.parent ?? 0] as const)))
  const isBelow = (pid: number): boolean => pid === root || (pid > 1 && isBelow(parents.get(pid) ?? 0))
  return pids.filter(isBelow)
}
