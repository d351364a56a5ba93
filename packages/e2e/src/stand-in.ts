import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What stands in for a command that is not on every machine; its folder is removed with it. */
export interface StandIn extends AsyncDisposable {
  /** A PATH on which it is found first. */
  readonly path: string
}

/** Puts `stand-ins/<command>.ts` on a PATH as `command`. */
export async function createStandIn(command: 'aws' | 'gh'): Promise<StandIn> {
  const program = fileURLToPath(new URL(`./stand-ins/${command}.ts`, import.meta.url))
  const folder = await mkdtempDisposable(join(tmpdir(), 'deploy-kit-stand-in-'))
  await writeFile(join(folder.path, command), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  })
  return {
    path: [folder.path, process.env.PATH ?? ''].join(delimiter),
    [Symbol.asyncDispose]: () => folder.remove(),
  }
}
