/**
 * `npx --yes pnpm@12 bench` measures every bundle of the release tree: its size, and how long it takes from the start of
 * the process to its first request, as a multiple of bare Node on an empty file in the same run.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listActions } from './action-folder.ts'
import { kilobytes, renderColumns } from './text-table.ts'
import { ensureReleaseTree } from './tree.ts'

const ROUNDS = 15

/** What makes an action send its first request; one that is not here is measured until it ends. */
const inputsByAction: Readonly<Record<string, (url: string) => Record<string, string>>> = {
  'health-check': (url) => ({ url }),
  'rds-snapshot': () => ({ 'db-instance-identifier': 'orders' }),
  'ecs-run-migration': () => ({ cluster: 'main', service: 'web', command: '["migrate"]' }),
  'ecs-deploy': () => ({ cluster: 'main', services: 'web', image: 'web:2' }),
  'auto-rollback': () => ({ cluster: 'main', services: 'web' }),
  'bundle-size-gate': () => ({ files: '*.mjs', baseline: 'none', comment: 'never' }),
}

async function main(): Promise<void> {
  const release = await ensureReleaseTree()
  const { written } = await listActions()
  const workspace = await mkdtemp(join(tmpdir(), 'deploy-kit-bench-'))
  try {
    const empty = join(workspace, 'empty.mjs')
    await writeFile(empty, '')
    const times = new Map<string, number[]>()
    // Round by round rather than one after the other, so that whatever else the machine does meets them all.
    for (let round = 0; round < ROUNDS; round++) {
      for (const action of ['', ...written]) {
        const program = action === '' ? empty : join(release, action, 'dist', 'main.mjs')
        times.set(action, [...(times.get(action) ?? []), await timeToFirstRequest(program, action, workspace)])
      }
    }
    const bare = median(times.get('') ?? [])
    const rows = written.map(async (action) => {
      const ms = median(times.get(action) ?? [])
      const bytes = await folderBytes(join(release, action, 'dist'))
      return [action, kilobytes(bytes), `${ms.toFixed(0)} ms`, `${(ms / bare).toFixed(2)} ×`]
    })
    console.log(renderColumns([['action', 'code', 'start-up', 'bare Node'], ...(await Promise.all(rows))]))
    console.log(`Bare Node ${process.version}: ${bare.toFixed(0)} ms. Medians of ${ROUNDS}.`)
  } finally {
    await rm(workspace, { recursive: true, force: true })
  }
}

/** Milliseconds from the start of a program to its first request, or to its end if it sends none. */
async function timeToFirstRequest(program: string, action: string, workspace: string): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const inputs = Object.entries(inputsByAction[action]?.(url) ?? {})
  const env = {
    ...Object.fromEntries(inputs.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIABENCH',
    AWS_SECRET_ACCESS_KEY: 'bench',
    GITHUB_WORKSPACE: workspace,
    RUNNER_TEMP: workspace,
  }
  const start = performance.now()
  const child = spawn(process.execPath, [program], { env, cwd: workspace, stdio: 'ignore' })
  await Promise.race([once(server, 'request'), once(child, 'exit')])
  const elapsedMs = performance.now() - start
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  server.closeAllConnections()
  server.close()
  return elapsedMs
}

async function folderBytes(folder: string): Promise<number> {
  const code = (await readdir(folder)).filter((name) => name.endsWith('.mjs'))
  const sizes = await Promise.all(code.map(async (name) => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

await main()
