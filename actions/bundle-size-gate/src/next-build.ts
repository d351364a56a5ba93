import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { ActionError, messageOf } from '@deploy-kit/core/errors'
import * as v from 'valibot'

/** The folder that `next build` wrote. */
export class NextBuild {
  /** Relative to the workspace, with forward slashes. */
  readonly directory: string
  readonly #path: string
  readonly #workspace: string

  constructor(workspace: string, directory: string) {
    this.directory = directory
    this.#workspace = workspace
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
    const own = v.safeParse(ownVersion, text)
    const itself = own.success ? `${name}, of version ${own.output.version},` : name
    throw await this.unknown(
      `${itself} is not what is known of it (${issue ? `${v.getDotPath(issue) ?? 'the file'}: ${issue.message}` : ''})`,
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
    const texts = [await this.readText('diagnostics/framework.json'), ...(await this.#readPackages())]
    for (const text of texts) {
      const found = v.safeParse(releaseVersion, text)
      if (found.success) return `Next.js ${found.output.version}`
    }
    return 'a version of Next.js that it does not name'
  }

  /** The package.json of Next.js that is installed nearest to the build, for versions that do not say which they are. */
  async #readPackages(): Promise<(string | undefined)[]> {
    const folders = posix.dirname(this.directory).split('/')
    const paths = folders.map((_, at) => folders.slice(0, folders.length - at).join('/'))
    const read = (folder: string): Promise<string | undefined> =>
      readFile(join(this.#workspace, folder, 'node_modules/next/package.json'), 'utf8').catch(() => undefined)
    return Promise.all([...new Set([...paths, '.'])].map(read))
  }
}

const releaseVersion = v.pipe(v.string(), v.parseJson(), v.object({ version: v.string() }))
const ownVersion = v.pipe(v.string(), v.parseJson(), v.object({ version: v.union([v.string(), v.number()]) }))
