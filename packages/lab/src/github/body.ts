import * as v from 'valibot'
import { GitHubError } from './github-error.ts'

/** Reads a request's body. @throws {GitHubError} 422 that names every member that does not fit, as GitHub does */
export function readBody<S extends v.GenericSchema>(schema: S, body: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, body)
  if (result.success) return result.output
  const problems = result.issues.map((issue) => `"${v.getDotPath(issue) ?? 'body'}": ${issue.message}`)
  throw new GitHubError(422, `Invalid request.\n\n${problems.join('\n')}`)
}
