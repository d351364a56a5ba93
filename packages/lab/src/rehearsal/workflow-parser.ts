import { registerHooks } from 'node:module'

// GitHub's parser imports its schemas without the import attribute that Node asks for; this adds it.
const hooks = registerHooks({
  load: (url, context, nextLoad) =>
    url.includes('/@actions/workflow-parser/') && url.endsWith('.json')
      ? nextLoad(url, { ...context, importAttributes: { type: 'json' } })
      : nextLoad(url, context),
})

/** GitHub's own parser of workflow and action files. */
export const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import(
  '@actions/workflow-parser'
)
export const { ACTION_ROOT, convertActionTemplate, getActionSchema, parseAction } = await import(
  '@actions/workflow-parser/actions/index'
)
export const { convertToIfCondition } = await import('@actions/workflow-parser/model/converter/if-condition')
export const { TemplateContext, TemplateValidationErrors } = await import(
  '@actions/workflow-parser/templates/template-context'
)
export const { readTemplate } = await import('@actions/workflow-parser/templates/template-reader')
export const { BasicExpressionToken, StringToken } = await import('@actions/workflow-parser/templates/tokens/index')
export const { isBasicExpression, isBoolean, isLiteral, isMapping, isNumber, isScalar, isSequence, isString } =
  await import('@actions/workflow-parser/templates/tokens/type-guards')
export const { getWorkflowSchema } = await import('@actions/workflow-parser/workflows/workflow-schema')
export const { YamlObjectReader } = await import('@actions/workflow-parser/workflows/yaml-object-reader')

hooks.deregister()
