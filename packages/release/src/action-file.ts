import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { parse } from 'yaml'

/** A scalar of action.yml, as the text that the GitHub runner hands to the action. */
const text = v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String))

const inputSchema = v.strictObject({
  description: v.pipe(v.string(), v.minLength(1, 'must not be empty')),
  required: v.optional(v.boolean()),
  default: v.optional(text),
  deprecationMessage: v.optional(v.string()),
})

const actionFileSchema = v.strictObject({
  name: v.string(),
  description: v.string(),
  author: v.optional(v.string()),
  branding: v.optional(v.strictObject({ icon: v.string(), color: v.string() })),
  inputs: v.optional(v.record(v.string(), inputSchema), {}),
  outputs: v.optional(v.record(v.string(), v.strictObject({ description: v.string() })), {}),
  runs: v.strictObject({
    using: v.literal('node24'),
    main: v.string(),
    pre: v.optional(v.string()),
    'pre-if': v.optional(text),
    post: v.optional(v.string()),
    'post-if': v.optional(text),
  }),
})

/** An action.yml of this repository: a JavaScript action with everything described. */
export type ActionFile = v.InferOutput<typeof actionFileSchema>

/**
 * Parses and validates the text of an action.yml.
 *
 * Stricter than GitHub, which ignores keys it does not know: a misspelt `defualt` would be an input without a default.
 *
 * @param path named in the message of the error that is thrown for every problem at once
 * @see https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax
 */
export function parseActionFile(source: string, path: string): ActionFile {
  const result = v.safeParse(actionFileSchema, parse(source))
  if (result.success) return result.output
  const problems = result.issues.map((issue) => `  ${v.getDotPath(issue) ?? '(whole file)'}: ${issue.message}`)
  throw new Error(`${path} is not a valid action.yml of this repository:\n${problems.join('\n')}`)
}

/** Reads the action.yml at `path`; errors as {@link parseActionFile}, or the file system's own. */
export async function readActionFile(path: string): Promise<ActionFile> {
  return parseActionFile(await readFile(path, 'utf8'), path)
}
