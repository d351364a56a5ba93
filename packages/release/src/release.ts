/**
 * `npx --yes pnpm@12 release [<version>]` releases HEAD: see RELEASING.md.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { listActions, repositoryFolder } from './action-folder.ts'
import { GitError } from './publishing/git.ts'
import { publishRelease } from './publishing/publish.ts'
import { ReleaseRefusal } from './publishing/refusal.ts'
import { parseVersion } from './publishing/version.ts'

const usage = `Usage: npx --yes pnpm@12 release [<version>] [options]

Builds HEAD twice, tests it, and publishes it as v<version>. Without a version it is the next one that the entries in
.changes ask for.

  --prepare            stop before publishing: leave the candidate in its folder
  --publish            publish the candidate that --prepare has left, and do nothing else
  --candidate <folder> where the candidate is; default: .tmp/release-candidate
  --repository <dir>   the repository to release; default: this one
  --remote <name>      where to publish; default: origin
  --build <command>    writes release/ in a clone; default: npx --yes pnpm@12 release:tree
  --check <command>    tests release/ in a clone, '' for none; default: npx --yes pnpm@12 test packages/e2e`

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { ...flag, short: 'h' },
      prepare: flag,
      publish: flag,
      candidate: text,
      repository: { ...text, default: repositoryFolder },
      remote: { ...text, default: 'origin' },
      build: { ...text, default: 'npx --yes pnpm@12 release:tree' },
      check: { ...text, default: 'npx --yes pnpm@12 test packages/e2e' },
    },
  })
  if (values.help) return console.log(usage)
  const [given, ...others] = positionals
  if (others.length > 0 || (given !== undefined && values.publish) || (values.prepare && values.publish))
    throw new ReleaseRefusal(usage)
  const wanted = given === undefined || given === '' ? undefined : parseVersion(given)
  if (given && wanted === undefined) throw new ReleaseRefusal(`'${given}' is no version; write it as 1.2.3.`)
  const { repository, remote, build, check } = values
  const folder = values.candidate ?? join(repository, '.tmp', 'release-candidate')
  const print = console.log
  if (!values.publish) {
    // Publishing alone runs without any package installed: what only preparing needs is loaded here.
    const { prepareRelease } = await import('./publishing/prepare.ts')
    const actions = (await listActions(repository)).written
    await prepareRelease({ repository, remote, wanted, actions, build, check: check || undefined, folder, print })
  }
  if (!values.prepare) await publishRelease({ repository, remote, folder, print })
}

/** What somebody can do something about is told without a stack trace: a refusal, git's answer, a misspelt option. */
function describe(error: unknown): unknown {
  if (error instanceof ReleaseRefusal) return `Refused: ${error.message}`
  if (!(error instanceof Error)) return error
  const isUsage = 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  if (isUsage) return `${error.message}\n\n${usage}`
  return error instanceof GitError || error.constructor === Error ? `Not released: ${error.message}` : error
}

try {
  await main()
} catch (error) {
  console.error(describe(error))
  process.exitCode = 1
}
