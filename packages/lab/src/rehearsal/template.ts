import { data, Evaluator, Parser } from '@actions/expressions'
import type { FunctionDefinition } from '@actions/expressions/funcs/info'
import { Lexer, type Token, TokenType } from '@actions/expressions/lexer'
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import { type ExpressionData, environmentData, fromData, isTruthy, toData } from './expression-data.ts'
import { type Problem, problemAt } from './refusal.ts'
import {
  isBasicExpression,
  isBoolean,
  isLiteral,
  isMapping,
  isNumber,
  isSequence,
  isString,
} from './workflow-parser.ts'

/** What an expression can see: named contexts and functions beside GitHub's general ones. */
export interface Scope {
  readonly file: string
  readonly contexts: Readonly<Record<string, unknown>>
  readonly functions?: readonly FunctionDefinition[]
}

/** An expression that could not be evaluated when its turn came; says where it stands. */
export class TemplateError extends Error {
  readonly problem: Problem

  constructor(problem: Problem, cause?: unknown) {
    super(
      `The template is not valid. ${problem.file} (Line: ${problem.line}, Col: ${problem.column}): ${problem.message}`,
      { cause },
    )
    this.name = 'TemplateError'
    this.problem = problem
  }
}

/** @throws TemplateError */
export function evaluate(token: TemplateToken, scope: Scope): ExpressionData {
  if (isBasicExpression(token)) return evaluateExpression(token.expression, token, scope)
  if (isSequence(token)) return new data.Array(...[...token].map((item) => evaluate(item, scope)))
  if (isMapping(token)) return evaluateMembers(token, scope)
  if (isLiteral(token)) return toData(isString(token) || isNumber(token) || isBoolean(token) ? token.value : null)
  throw new TemplateError(problemAt(scope.file, token, 'This directive is not supported here'))
}

function evaluateMembers(token: Iterable<{ key: TemplateToken; value: TemplateToken }>, scope: Scope): ExpressionData {
  const members = new data.Dictionary()
  for (const { key, value } of token) {
    const evaluated = evaluate(value, scope)
    // `${{ insert }}: <mapping>` adds the members of another mapping.
    if (key.isExpression && !isBasicExpression(key)) {
      if (!(evaluated instanceof data.Dictionary))
        throw new TemplateError(problemAt(scope.file, value, 'A mapping was expected for insert'))
      for (const pair of evaluated.pairs()) members.add(pair.key, pair.value)
    } else members.add(evaluate(key, scope).coerceString(), evaluated)
  }
  return members
}

function evaluateExpression(expression: string, at: TemplateToken, scope: Scope): ExpressionData {
  const functions = scope.functions ?? []
  try {
    const tree = new Parser(lex(expression), Object.keys(scope.contexts), [...functions]).parse()
    const contexts = new data.Dictionary()
    for (const [key, value] of Object.entries(scope.contexts))
      contexts.add(key, key === 'env' ? environmentData(value as Readonly<Record<string, unknown>>) : toData(value))
    const named = new Map(functions.map((definition) => [definition.name.toLowerCase(), definition]))
    return new Evaluator(tree, contexts, named).evaluate()
  } catch (error) {
    throw new TemplateError(problemAt(scope.file, at, error instanceof Error ? error.message : String(error)), error)
  }
}

/** The library's lexer takes only the first `''` of a string for a quote; the others are made good here. */
function lex(expression: string): Token[] {
  return new Lexer(expression).lex().tokens.map((token) => {
    if (token.type !== TokenType.STRING) return token
    return { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") }
  })
}

/** @throws TemplateError */
export function evaluateText(token: TemplateToken, scope: Scope): string {
  return evaluate(token, scope).coerceString()
}

/**
 * False for null, which an expression gives that names something that is not there.
 * @throws TemplateError when the value is anything else than a boolean, as GitHub refuses a string there
 */
export function evaluateBoolean(token: TemplateToken, scope: Scope): boolean {
  const value = fromData(evaluate(token, scope)) ?? false
  if (typeof value === 'boolean') return value
  throw new TemplateError(problemAt(scope.file, token, `Unexpected value '${value}'; a boolean was expected`))
}

/** @throws TemplateError when the value is not a number */
export function evaluateNumber(token: TemplateToken, scope: Scope): number {
  const value = fromData(evaluate(token, scope))
  if (typeof value === 'number') return value
  throw new TemplateError(problemAt(scope.file, token, `Unexpected value '${value}'; a number was expected`))
}

/** An `if`: any value, by its truth. @throws TemplateError */
export function evaluateCondition(token: TemplateToken, scope: Scope): boolean {
  return isTruthy(evaluate(token, scope))
}

/** A mapping of names to text, such as `env` and `with`. @throws TemplateError */
export function evaluateTexts(token: TemplateToken | undefined, scope: Scope): Record<string, string> {
  if (token === undefined) return {}
  const value = evaluate(token, scope)
  if (!(value instanceof data.Dictionary))
    throw new TemplateError(problemAt(scope.file, token, 'A mapping was expected'))
  return Object.fromEntries(value.pairs().map((pair) => [pair.key, pair.value.coerceString()]))
}
