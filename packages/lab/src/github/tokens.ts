import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { GitHubError } from './github-error.ts'

export type Scope = 'contents' | 'issues' | 'pull_requests' | 'actions'
export type Permissions = Readonly<Partial<Record<Scope, 'read' | 'write'>>>

export interface Token {
  readonly name: string
  readonly permissions: Permissions
}

/** GITHUB_TOKENs with the permissions of a job. */
export class Tokens {
  readonly #known = new Map<string, Token>()

  /** @param name what the journal calls it, since the token itself is a secret */
  create(name: string, permissions: Permissions): string {
    const token = `ghs_${randomBytes(18).toString('hex')}`
    this.#known.set(token, { name, permissions })
    return token
  }

  /** @throws {GitHubError} 401 for a token that GitHub does not know */
  identify(headers: IncomingHttpHeaders): Token | undefined {
    const given = /^(?:token|bearer) (.+)$/i.exec(headers.authorization ?? '')?.[1]
    if (given === undefined) return undefined
    const known = this.#known.get(given)
    if (!known) throw new GitHubError(401, 'Bad credentials')
    return known
  }
}

/** `contents=write`, or several of which one is enough: `issues=write; pull_requests=write`. */
export type Requirement = readonly { readonly scope: Scope; readonly level: 'read' | 'write' }[]

/**
 * @throws {GitHubError} 403 in GitHub's own words, with the header that names what would have been enough
 * @see https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible
 */
export function demand(token: Token | undefined, requirement: Requirement): void {
  if (requirement.length === 0) return
  const holds = requirement.some(({ scope, level }) => {
    const granted = token?.permissions[scope]
    return granted === 'write' || (granted === 'read' && level === 'read')
  })
  if (holds) return
  // A private repository does not admit to exist to those who may not see it.
  if (!token) throw new GitHubError(404, 'Not Found')
  const accepted = requirement.map(({ scope, level }) => `${scope}=${level}`).join('; ')
  throw new GitHubError(403, 'Resource not accessible by integration', {
    headers: { 'x-accepted-github-permissions': accepted },
  })
}
