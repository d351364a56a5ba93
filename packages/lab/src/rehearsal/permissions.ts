import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import { membersOf } from './step-plan.ts'
import { isMapping } from './workflow-parser.ts'

/** What a job's GITHUB_TOKEN may do, in the names of workflow files; what is not there is not allowed. */
export type JobPermissions = Readonly<Record<string, 'read' | 'write'>>

/** @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions */
const scopes = [
  ...['actions', 'attestations', 'checks', 'contents', 'deployments', 'discussions', 'id-token', 'issues', 'models'],
  ...['packages', 'pages', 'pull-requests', 'repository-projects', 'security-events', 'statuses'],
]

/** What a token may do in a new repository where no workflow says otherwise: the restricted default. */
const defaults: JobPermissions = { contents: 'read', packages: 'read' }

/**
 * A job's own `permissions`, else the workflow's, else the default. A called workflow has at most what its caller has,
 * and just that where it says nothing.
 * @param inherited what the caller has; undefined for a workflow that nobody called
 */
export function permissionsOf(
  job: TemplateToken | undefined,
  workflow: TemplateToken | undefined,
  inherited: JobPermissions | undefined,
): JobPermissions {
  const token = job ?? workflow
  if (token === undefined) return inherited ?? defaults
  const asked = readPermissions(token)
  if (inherited === undefined) return asked
  const granted = Object.entries(asked).flatMap(([scope, level]) => {
    const limit = inherited[scope]
    return limit === undefined ? [] : [[scope, limit === 'read' ? 'read' : level] as const]
  })
  return Object.fromEntries(granted)
}

/** What is asked for, whether it is granted or not. */
export function readPermissions(token: TemplateToken): JobPermissions {
  if (!isMapping(token)) {
    const level = token.toString() === 'write-all' ? 'write' : 'read'
    const given = scopes.filter((scope) => level === 'write' || scope !== 'id-token')
    return Object.fromEntries(given.map((scope) => [scope, level]))
  }
  const levels = [...membersOf(token)].flatMap(([scope, value]) => {
    const level = value.toString()
    return level === 'read' || level === 'write' ? [[scope, level] as const] : []
  })
  return Object.fromEntries(levels)
}

/** What of the permissions that are asked for goes beyond those that are allowed, in GitHub's words; undefined: nothing. */
export function excessOf(
  asked: JobPermissions,
  allowed: JobPermissions,
): { readonly requested: string; readonly allowed: string } | undefined {
  const beyond = Object.keys(asked).filter((scope) => asked[scope] !== allowed[scope] && allowed[scope] !== 'write')
  if (beyond.length === 0) return undefined
  const list = (levels: JobPermissions) => beyond.map((scope) => `${scope}: ${levels[scope] ?? 'none'}`).join(', ')
  return { requested: list(asked), allowed: list(allowed) }
}
