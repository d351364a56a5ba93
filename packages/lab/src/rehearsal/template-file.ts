import type { TemplateContext as Context } from '@actions/workflow-parser/templates/template-context'
import type { MappingToken, TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import type { FileProvider } from '@actions/workflow-parser/workflows/file-provider'
import { type Problem, Refusal } from './refusal.ts'
import {
  ACTION_ROOT,
  convertActionTemplate,
  convertWorkflowTemplate,
  getActionSchema,
  getWorkflowSchema,
  isMapping,
  isString,
  NoOperationTraceWriter,
  parseAction,
  parseWorkflow,
  readTemplate,
  StringToken,
  TemplateContext,
  TemplateValidationErrors,
  YamlObjectReader,
} from './workflow-parser.ts'

/** A workflow or action file as tokens: literals, and expressions that are evaluated when their turn comes. */
export interface TemplateFile {
  readonly name: string
  readonly root: MappingToken
  /** The library's own, for what it converts token by token. */
  readonly context: Context
}

/**
 * @param files gives the reusable workflows that the file calls, so that what they are given can be checked
 * @throws Refusal with everything in the file that GitHub would refuse
 */
export async function readWorkflowTemplate(name: string, content: string, files?: FileProvider): Promise<TemplateFile> {
  const parsed = parseWorkflow({ name, content }, new NoOperationTraceWriter())
  if (parsed.value)
    await convertWorkflowTemplate(parsed.context, parsed.value, files, files && { fetchReusableWorkflowDepth: 1 })
  refuseErrors(name, parsed.context)
  return readValues(
    name,
    content,
    new TemplateContext(...contextArguments(getWorkflowSchema())),
    'workflow-root-strict',
  )
}

/** @throws Refusal with everything in the file that GitHub would refuse */
export function readActionTemplate(name: string, content: string): TemplateFile {
  const parsed = parseAction({ name, content }, new NoOperationTraceWriter())
  if (parsed.value) convertActionTemplate(parsed.context, parsed.value)
  refuseErrors(name, parsed.context)
  return readValues(name, content, new TemplateContext(...contextArguments(getActionSchema())), ACTION_ROOT)
}

function contextArguments(schema: ReturnType<typeof getWorkflowSchema>) {
  return [new TemplateValidationErrors(), schema, new NoOperationTraceWriter()] as const
}

function refuseErrors(name: string, context: Context): void {
  const problems = context.errors.getErrors().map(
    (error): Problem => ({
      file: name,
      line: error.range?.start.line,
      column: error.range?.start.column,
      message: error.rawMessage,
    }),
  )
  if (problems.length > 0) throw new Refusal(problems)
}

/**
 * Reads the file a second time for its values: with the source text at hand, which the editor's squiggles need, the
 * library takes a block scalar that holds an expression together with its indentation, and a folded one unfolded.
 */
class ValueReader extends YamlObjectReader {
  override allowLiteral() {
    const token = super.allowLiteral()
    if (token === undefined || !isString(token)) return token
    return new StringToken(token.file, token.range, token.value, undefined)
  }
}

function readValues(name: string, content: string, context: Context, rootType: string): TemplateFile {
  const fileId = context.getFileId(name)
  const root: TemplateToken | undefined = readTemplate(context, rootType, new ValueReader(fileId, content), fileId)
  refuseErrors(name, context)
  if (root === undefined || !isMapping(root))
    throw new Refusal([{ file: name, line: 1, column: 1, message: 'It is empty' }])
  return { name, root, context }
}
