import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { World } from '../world.ts'

/** What a container of an image runs: there is no container engine, an image is a command in a folder. */
export interface ResolvedImage {
  readonly directory: string
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly digest: string
}

export type ImageResult = { readonly image: ResolvedImage } | { readonly reason: string }

interface Reference {
  readonly repository: string
  readonly tag: string
  readonly digest: string | undefined
}

/** `repository:tag` and `repository@sha256:…`; without either, `latest`. */
function parseReference(reference: string): Reference {
  const [name = '', digest] = reference.split('@', 2)
  const colon = name.lastIndexOf(':')
  const tagged = colon > name.lastIndexOf('/')
  return {
    repository: tagged ? name.slice(0, colon) : name,
    tag: tagged ? name.slice(colon + 1) : 'latest',
    digest,
  }
}

/** The world's images, as a registry that tasks pull from. */
export class Images {
  readonly #world: Pick<World, 'images' | 'directory'>
  /** Tags that were pulled, by repository and digest, so that a digest can be pulled in turn. */
  readonly #pulled = new Map<string, string>()

  constructor(world: Pick<World, 'images' | 'directory'>) {
    this.#world = world
  }

  /**
   * The first of the repository's tags that matches; its name is the process's APP_VERSION.
   * A reason in the words of ECS when there is none. (CannotPullContainer task errors in Amazon ECS)
   */
  pull(reference: string): ImageResult {
    const parsed = parseReference(reference)
    const { repository, digest } = parsed
    const found = this.#world.images.find((image) => image.repository === repository)
    const known = () => found?.tags.find((each) => each.digest === digest)?.match
    const tag = digest === undefined ? parsed.tag : (this.#pulled.get(`${repository}@${digest}`) ?? known())
    const entry = tag === undefined ? undefined : found?.tags.find(({ match }) => matches(match, tag))
    if (found === undefined || entry === undefined || tag === undefined) return { reason: cannotPull(reference) }
    const image = {
      directory: resolve(this.#world.directory, found.directory),
      command: entry.command ?? found.command,
      environment: { APP_VERSION: tag, ...found.environment, ...entry.environment },
    }
    const sum = createHash('sha256')
      .update(JSON.stringify([repository, tag, image]))
      .digest('hex')
    const pulled = entry.digest ?? `sha256:${sum}`
    this.#pulled.set(`${repository}@${pulled}`, tag)
    return { image: { ...image, digest: pulled } }
  }
}

function matches(pattern: string, tag: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(tag)
}

function cannotPull(reference: string): string {
  return `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${reference}: ${reference}: not found`
}
