import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const programs = {
  aws: new URL('./stand-ins/aws.ts', import.meta.url),
  gh: new URL('./stand-ins/gh.ts', import.meta.url),
}

/** What stands in for a command that is not on every machine; its folder is removed with it. */
export interface StandIn extends AsyncDisposable {
  /** A PATH on which it is found first. */
  readonly path: string
}

/** Puts the program that stands in for `command` on a PATH under its name. */
export async function createStandIn(command: keyof typeof programs): Promise<StandIn> {
  const program = fileURLToPath(programs[command])
  const folder = await mkdtempDisposable(join(tmpdir(), 'deploy-kit-stand-in-'))
  await writeFile(join(folder.path, command), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  })
  return {
    path: [folder.path, process.env.PATH ?? ''].join(delimiter),
    [Symbol.asyncDispose]: () => folder.remove(),
  }
}
