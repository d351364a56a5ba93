import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Lab, startLab } from './lab.ts'
import { launcherEnded } from './launcher.ts'
import { exampleWorld } from './world.ts'

const usage = 'Usage: npx --yes pnpm@12 lab [--port <n>] [--world <file>]'

interface Options {
  readonly port: number
  readonly world: string
}

/** @throws Error that says what is wrong with the arguments */
function readOptions(args: string[]): Options {
  const values = parseOptions(args)
  const port = Number(values.port ?? 0)
  if (!/^\d+$/.test(values.port ?? '0') || port > 65_535) {
    throw new Error(`--port: '${values.port}' is not a port; give a number from 0 (any free one) to 65535`)
  }
  return { port, world: values.world ?? exampleWorld }
}

function parseOptions(args: string[]): { readonly port?: string | undefined; readonly world?: string | undefined } {
  try {
    return parseArgs({ args, options: { port: { type: 'string' }, world: { type: 'string' } } }).values
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${usage}`, { cause: error })
  }
}

/** A line for a POSIX shell. */
function exportLine(name: string, value: string): string {
  const isPlain = /^[\w@%+=:,./?-]*$/.test(value)
  return `export ${name}=${isPlain ? value : `'${value.replaceAll("'", "'\\''")}'`}`
}

/** Resolves once the example's service answers through its load balancer. @throws Error after 30 s */
async function answersThrough(serviceUrl: string): Promise<void> {
  const deadline = Date.now() + 30_000
  let last = 'no answer'
  while (Date.now() < deadline) {
    try {
      const { ok, status } = await fetch(serviceUrl, { signal: AbortSignal.timeout(5_000) })
      if (ok) return
      last = `status ${status}`
    } catch (error) {
      last = String(error)
    }
    await sleep(100)
  }
  throw new Error(`The service of the world does not answer at ${serviceUrl}: ${last}`)
}

async function startAndPrint(options: Options): Promise<Lab> {
  const lab = await startLab(options)
  const serviceUrl = lab.environment.LAB_SERVICE_URL
  try {
    if (serviceUrl !== undefined) await answersThrough(serviceUrl)
  } catch (error) {
    await lab.close()
    throw error
  }
  for (const [name, value] of Object.entries(lab.environment)) console.log(exportLine(name, value))
  console.log('ready')
  return lab
}

const interrupted = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  void launcherEnded().then(resolve)
})
// Whoever reads the variables may close the pipe after `ready`.
process.stdout.on('error', () => {})

try {
  const starting = startAndPrint(readOptions(process.argv.slice(2)))
  await Promise.race([starting, interrupted])
  await interrupted
  // What takes longer is ended by the reaper, which outlives this process.
  await Promise.race([starting.then((lab) => lab.close()).catch(() => {}), sleep(7_000)])
  process.exit(0)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
