import { readdir, readFile } from 'node:fs/promises'

/** The variable that a process inherits from the one that the lab started, wherever it moves its session to. */
export const markName = 'LAB_PROCESS'

/**
 * SIGKILLs the processes whose mark begins with `mark`, and says how many there were. Only Linux shows the environment
 * of processes; elsewhere there are none to be found, and what leaves its process group is not ended.
 */
export async function killMarked(mark: string): Promise<number> {
  const pids = await readdir('/proc').catch(() => [])
  const marked = await Promise.all(pids.filter((pid) => /^\d+$/.test(pid)).map((pid) => isMarked(pid, mark)))
  const found = marked.flatMap((pid) => pid ?? [])
  for (const pid of found) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
  return found.length
}

async function isMarked(pid: string, mark: string): Promise<number | undefined> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8')
    return `\0${environment}`.includes(`\0${markName}=${mark}`) ? Number(pid) : undefined
  } catch {
    // Gone since, or another user's.
    return undefined
  }
}
