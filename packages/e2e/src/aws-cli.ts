import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const program = fileURLToPath(new URL('./stand-ins/aws-cli.ts', import.meta.url))

/** A PATH that begins with the stand-in for the AWS CLI. */
export async function pathWithAwsCli(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-aws-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const script = `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`
  await writeFile(join(folder, 'aws'), script, { mode: 0o755 })
  return [folder, process.env.PATH ?? ''].join(delimiter)
}
