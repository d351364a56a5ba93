import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import { membersOf } from './step-plan.ts'
import { isMapping } from './workflow-parser.ts'

/**
 * Whether a job may ask for an OIDC token: by its own `permissions`, else by the workflow's. A called workflow has at
 * most what its caller has, and just that where it says nothing.
 * @param inherited what the caller has; undefined for a workflow that nobody called
 */
export function allowsIdToken(
  job: TemplateToken | undefined,
  workflow: TemplateToken | undefined,
  inherited: boolean | undefined,
): boolean {
  const permissions = job ?? workflow
  if (permissions === undefined) return inherited ?? false
  const asked = isMapping(permissions)
    ? membersOf(permissions).get('id-token')?.toString() === 'write'
    : permissions.toString() === 'write-all'
  return asked && inherited !== false
}
