import type { BasicExpressionToken, StringToken, TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import type { Placed } from './refusal.ts'

/** A workflow file that GitHub would accept, its expressions still to be evaluated. */
export interface WorkflowPlan {
  /** Path in the repository, as messages and results name it. */
  readonly file: string
  readonly name: string
  readonly triggers: readonly Trigger[]
  readonly env: TemplateToken | undefined
  readonly defaults: TemplateToken | undefined
  readonly permissions: TemplateToken | undefined
  readonly concurrency: TemplateToken | undefined
  /** `on.workflow_call.outputs`: name to value. */
  readonly outputs: ReadonlyMap<string, TemplateToken>
  readonly jobs: readonly JobPlan[]
}

export interface Trigger {
  readonly event: string
  readonly at: Placed
  /** What stands under the event's name; undefined when nothing does. */
  readonly options: TemplateToken | undefined
}

export interface JobPlan {
  readonly id: string
  readonly at: Placed
  readonly name: TemplateToken | undefined
  readonly needs: readonly string[]
  readonly condition: BasicExpressionToken
  readonly strategy: TemplateToken | undefined
  readonly continueOnError: TemplateToken | undefined
  readonly permissions: TemplateToken | undefined
  readonly concurrency: TemplateToken | undefined
  readonly body: StepsBody | CallBody
}

export interface StepsBody {
  readonly kind: 'steps'
  readonly runsOn: TemplateToken
  readonly env: TemplateToken | undefined
  readonly defaults: TemplateToken | undefined
  readonly environment: TemplateToken | undefined
  readonly container: Placed | undefined
  readonly services: Placed | undefined
  readonly snapshot: Placed | undefined
  readonly outputs: TemplateToken | undefined
  readonly timeoutMinutes: TemplateToken | undefined
  readonly cancelTimeoutMinutes: TemplateToken | undefined
  readonly steps: readonly StepPlan[]
}

/** A job that calls a reusable workflow. */
export interface CallBody {
  readonly kind: 'call'
  readonly uses: StringToken
  readonly with: TemplateToken | undefined
  readonly secrets: TemplateToken | 'inherit' | undefined
}

export interface StepPlan {
  readonly at: Placed
  readonly id: string | undefined
  /** `github.action`: the step's id, else a name that GitHub makes up: `__run`, `__run_2`, `__actions_checkout`. */
  readonly actionName: string
  readonly name: TemplateToken | undefined
  readonly condition: BasicExpressionToken
  readonly env: TemplateToken | undefined
  readonly continueOnError: TemplateToken | undefined
  readonly timeoutMinutes: TemplateToken | undefined
  readonly work: RunWork | UsesWork
}

export interface RunWork {
  readonly kind: 'run'
  readonly run: TemplateToken
  readonly shell: TemplateToken | undefined
  readonly workingDirectory: TemplateToken | undefined
}

export interface UsesWork {
  readonly kind: 'uses'
  readonly uses: StringToken
  readonly with: TemplateToken | undefined
}
