import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

interface Ancestor {
  readonly pid: number
  readonly parent: number
}

/** `npm exec pnpm@12 lab`, `sh -c pnpm lab`, `pnpm lab`, … */
const packageManager = /(^|[\s/'"])(npm|npx|pnpm)([\s'"]|$)/

/**
 * Resolves when the command that this program was started with has ended. npx and pnpm put a script into a process
 * group of its own, and die without it: of SIGKILL always, of SIGTERM when only npx gets it.
 * Never resolves for a program that no package manager has started.
 */
export async function launcherEnded(): Promise<void> {
  const launcher = process.env.npm_lifecycle_event === undefined ? [] : await findLauncher()
  const isWhole = async () => {
    const parents = await Promise.all(launcher.map(({ pid }) => parentOf(pid)))
    return parents.every((parent, index) => parent === launcher[index]?.parent)
  }
  while (launcher.length === 0 || (await isWhole())) await sleep(500, undefined, { ref: false })
}

/** This process and those above it, up to the last that is still below a package manager. */
async function findLauncher(): Promise<readonly Ancestor[]> {
  const ancestors: Ancestor[] = []
  let launched = 0
  for (let pid = process.pid; pid > 1; pid = ancestors.at(-1)!.parent) {
    const parent = await parentOf(pid)
    if (parent === undefined) break
    ancestors.push({ pid, parent })
    if (packageManager.test(await commandOf(parent))) launched = ancestors.length
  }
  return ancestors.slice(0, launched)
}

/** Only Linux says what the parent of another process is; elsewhere only the nearest one is watched. */
async function parentOf(pid: number): Promise<number | undefined> {
  if (pid === process.pid) return process.ppid
  // The command, in parentheses, can hold anything.
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const parent = /^.*\) \S (\d+) /s.exec(stat)?.[1]
  return parent === undefined ? undefined : Number(parent)
}

async function commandOf(pid: number): Promise<string> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return command.replaceAll('\0', ' ')
}
