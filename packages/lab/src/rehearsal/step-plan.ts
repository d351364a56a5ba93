import type { BasicExpressionToken, StringToken, TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import type { TemplateFile } from './template-file.ts'
import {
  convertToIfCondition,
  BasicExpressionToken as Expression,
  isMapping,
  isSequence,
  isString,
} from './workflow-parser.ts'
import type { StepPlan } from './workflow-plan.ts'

/** The members of a mapping by name; none when the token is missing or no mapping. */
export function membersOf(token: TemplateToken | undefined): ReadonlyMap<string, TemplateToken> {
  if (token === undefined || !isMapping(token)) return new Map()
  return new Map([...token].map(({ key, value }) => [key.toString(), value]))
}

export function asString(token: TemplateToken | undefined): StringToken | undefined {
  return token !== undefined && isString(token) ? token : undefined
}

/** A condition with GitHub's implicit `success() &&` where it names no status function. */
export function conditionOf(file: TemplateFile, token: TemplateToken | undefined): BasicExpressionToken {
  if (token === undefined) return new Expression(undefined, undefined, 'success()', undefined, undefined, undefined)
  const condition = convertToIfCondition(file.context, token)
  if (condition === undefined) throw new Error(`${file.name}: a condition was accepted first and refused then`)
  return condition
}

/** The steps of a job or of a composite action. */
export function planSteps(file: TemplateFile, token: TemplateToken | undefined): readonly StepPlan[] {
  if (token === undefined || !isSequence(token)) return []
  const namer = new ActionNamer()
  return [...token].map((step) => planStep(file, step, namer))
}

function planStep(file: TemplateFile, token: TemplateToken, namer: ActionNamer): StepPlan {
  const members = membersOf(token)
  const uses = asString(members.get('uses'))
  const run = members.get('run')
  const id = asString(members.get('id'))?.value
  const work =
    uses !== undefined
      ? ({ kind: 'uses', uses, with: members.get('with') } as const)
      : ({
          kind: 'run',
          run: run!,
          shell: members.get('shell'),
          workingDirectory: members.get('working-directory'),
        } as const)
  return {
    at: token,
    id,
    actionName: id ?? namer.name(uses?.value),
    name: members.get('name'),
    condition: conditionOf(file, members.get('if')),
    env: members.get('env'),
    continueOnError: members.get('continue-on-error'),
    timeoutMinutes: members.get('timeout-minutes'),
    work,
  }
}

/** Makes up `github.action` for steps without an id, as documented for GITHUB_ACTION. */
class ActionNamer {
  readonly #counts = new Map<string, number>()

  name(uses: string | undefined): string {
    const name = uses === undefined ? '__run' : `__${actionSegment(uses)}`
    const count = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, count)
    return count === 1 ? name : `${name}_${count}`
  }
}

function actionSegment(uses: string): string {
  if (uses.startsWith('./')) return 'self'
  const [path = ''] = uses.split('@')
  return path
    .split('/')
    .slice(0, 2)
    .join('_')
    .replaceAll(/[^a-zA-Z0-9_-]/g, '_')
}
