import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ActionError, messageOf } from '@deploy-kit/core/errors'
import * as v from 'valibot'

/** The folder that `next build` wrote. */
export class NextBuild {
  /** Relative to the workspace, with forward slashes. */
  readonly directory: string
  readonly #path: string

  constructor(workspace: string, directory: string) {
    this.directory = directory
    this.#path = join(workspace, directory)
  }

  /** A file as text, or undefined when it is not there. @throws {ActionError} when it cannot be read */
  async readText(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.#path, name), 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
        return undefined
      throw new ActionError('wrong-state', `${this.directory}/${name} cannot be read: ${messageOf(error)}.`)
    }
  }

  /** A manifest, or undefined when it is not there. @throws {ActionError} that names the version when it is another one */
  async readManifest<S extends v.GenericSchema>(name: string, schema: S): Promise<v.InferOutput<S> | undefined> {
    const text = await this.readText(name)
    if (text === undefined) return undefined
    const result = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text)
    if (result.success) return result.output
    const [issue] = result.issues
    throw await this.unknown(
      `${name} is not what is known of it (${issue ? `${v.getDotPath(issue) ?? 'the file'}: ${issue.message}` : ''})`,
    )
  }

  /** An error about what this version of Next.js wrote. */
  async unknown(problem: string): Promise<ActionError> {
    const advice =
      'Routes are read from builds of Next.js 13 to 16. Measure static/chunks with files instead, or report this version.'
    return new ActionError('wrong-state', `${this.directory} was built by ${await this.#version()}: ${problem}.`, {
      advice,
    })
  }

  async #version(): Promise<string> {
    const known = v.pipe(v.string(), v.parseJson(), v.object({ version: v.string() }))
    const framework = v.safeParse(known, (await this.readText('diagnostics/framework.json')) ?? '')
    return framework.success ? `Next.js ${framework.output.version}` : 'a version of Next.js that it does not name'
  }
}
