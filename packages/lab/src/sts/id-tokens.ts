import { randomBytes } from 'node:crypto'

/** What GitHub knows of a job and says in its OIDC token, in the names of the token's claims. */
export interface JobClaims {
  /** `owner/name` */
  readonly repository: string
  /** `refs/heads/…`, `refs/tags/…`, `refs/pull/…/merge` */
  readonly ref: string
  /** Absent for a job without one. */
  readonly environment?: string
  readonly [claim: string]: string | undefined
}

/** Numbers that GitHub has given a repository and its owner. */
export interface RepositoryIds {
  readonly owner: string
  readonly repository: string
}

/** The jobs that may ask for OIDC tokens. */
export class IdTokens {
  readonly #jobs = new Map<string, JobClaims & { readonly sub: string }>()
  readonly #ids: RepositoryIds | undefined

  /** @param ids of the repository, if its subjects name them: of all repositories made after 15 July 2026 */
  constructor(ids?: RepositoryIds) {
    this.#ids = ids
  }

  /** @returns what the job's ACTIONS_ID_TOKEN_REQUEST_TOKEN is to be */
  permit(job: JobClaims): string {
    const requestToken = randomBytes(24).toString('base64url')
    const ids = this.#ids && { repository_id: this.#ids.repository, repository_owner_id: this.#ids.owner }
    this.#jobs.set(requestToken, { ...job, ...ids, sub: subjectOf(job, this.#ids) })
    return requestToken
  }

  /** Undefined for a token that no job was given. */
  claimsFor(requestToken: string) {
    return this.#jobs.get(requestToken)
  }
}

/**
 * An environment goes before a pull request, and that before the ref.
 * @see https://docs.github.com/actions/reference/security/oidc#example-subject-claims
 */
function subjectOf({ repository, ref, environment }: JobClaims, ids: RepositoryIds | undefined): string {
  const [owner, name] = repository.split('/')
  const from = ids === undefined ? repository : `${owner}@${ids.owner}/${name}@${ids.repository}`
  if (environment) return `repo:${from}:environment:${environment.replaceAll(':', '%3A')}`
  return `repo:${from}:${ref.startsWith('refs/pull/') ? 'pull_request' : `ref:${ref}`}`
}
