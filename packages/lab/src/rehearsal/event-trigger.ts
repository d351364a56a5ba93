import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import { type Placed, problemAt, Refusal } from './refusal.ts'
import { membersOf } from './step-plan.ts'
import { isSequence } from './workflow-parser.ts'
import type { Trigger, WorkflowPlan } from './workflow-plan.ts'

export interface ChosenEvent {
  readonly trigger: Trigger
  readonly name: string
  /** `refs/heads/…`, `refs/tags/…` or `refs/pull/1/merge`. */
  readonly ref: string
  /** The first of the activity types that the file asks for; undefined when the event has none. */
  readonly activity: string | undefined
  /** The first cron expression of a `schedule`; empty for other events. */
  readonly schedule: string
}

export interface EventWish {
  readonly event: string | undefined
  readonly ref: string | undefined
  /** Inputs were given, which only a dispatched (or called) workflow has. */
  readonly hasInputs: boolean
}

/**
 * The event that a run is for: what was asked for; else, given inputs, a manual start; else `push` to the default branch
 * where the file has it; else the first event that the file names.
 * @throws Refusal when the file does not have the event
 */
export function chooseEvent(plan: WorkflowPlan, wish: EventWish, defaultBranch: string): ChosenEvent {
  const trigger = findTrigger(plan, wish, defaultBranch)
  return {
    trigger,
    name: trigger.event,
    ref: wish.ref ?? refOf(plan, trigger, defaultBranch),
    activity: listOf(trigger.options, 'types')[0] ?? defaultActivities[trigger.event],
    schedule: scheduleOf(trigger),
  }
}

function findTrigger(plan: WorkflowPlan, wish: EventWish, defaultBranch: string): Trigger {
  if (wish.event !== undefined) {
    const asked = plan.triggers.find((trigger) => trigger.event === wish.event)
    if (asked !== undefined) return asked
    const events = plan.triggers.map((trigger) => trigger.event).join(', ')
    throw refused(plan, undefined, `This workflow does not run on ${wish.event}; it runs on ${events}`)
  }
  const manual = plan.triggers.find(({ event }) => event === 'workflow_dispatch' || event === 'workflow_call')
  if (wish.hasInputs && manual !== undefined) return manual
  const push = plan.triggers.find(({ event }) => event === 'push')
  if (push !== undefined && branchFilterOf(push.options, defaultBranch).passes) return push
  const [first] = plan.triggers
  if (first === undefined) throw refused(plan, undefined, 'It names no event under `on`')
  return first
}

function refOf(plan: WorkflowPlan, trigger: Trigger, defaultBranch: string): string {
  // pull_request_target runs "in the context of the default branch of the base repository".
  if (/^pull_request(_review|_review_comment)?$/.test(trigger.event)) return 'refs/pull/1/merge'
  if (trigger.event === 'release' || trigger.event === 'create') return 'refs/tags/v1.0.0'
  if (trigger.event !== 'push') return `refs/heads/${defaultBranch}`
  const filter = branchFilterOf(trigger.options, defaultBranch)
  if (filter.passes) return `refs/heads/${defaultBranch}`
  if (filter.otherRef !== undefined) return filter.otherRef
  throw refused(plan, trigger.at, 'Its filter does not let the default branch pass; name a ref with --ref')
}

/** What a push goes to when the default branch is ignored. */
const someBranch = 'rehearsal'

/** Whether a push to the default branch passes the trigger's filters, and a ref that does when it does not. */
function branchFilterOf(options: TemplateToken | undefined, defaultBranch: string) {
  const branches = listOf(options, 'branches')
  const ignored = listOf(options, 'branches-ignore')
  const tags = listOf(options, 'tags')
  const members = membersOf(options)
  // A filter for tags alone lets no branch pass, as GitHub documents.
  const onlyTags = (members.has('tags') || members.has('tags-ignore')) && branches.length === 0 && ignored.length === 0
  const passes =
    branches.length > 0 ? matchesLast(branches, defaultBranch) : !onlyTags && !matchesLast(ignored, defaultBranch)
  const branch = branches.find((pattern) => !pattern.startsWith('!'))
  const tag = tags.find((pattern) => !pattern.startsWith('!'))
  const candidates = [
    branch === undefined ? undefined : `refs/heads/${sampleOf(branch)}`,
    tag === undefined ? undefined : `refs/tags/${sampleOf(tag)}`,
    ignored.length === 0 || matchesLast(ignored, someBranch) ? undefined : `refs/heads/${someBranch}`,
  ]
  return { passes, otherRef: candidates.find((ref) => ref !== undefined) }
}

/** The last pattern that matches decides; `!` takes back. */
function matchesLast(patterns: readonly string[], name: string): boolean {
  let matches = false
  for (const pattern of patterns) {
    const isNegative = pattern.startsWith('!')
    if (patternToExpression(isNegative ? pattern.slice(1) : pattern).test(name)) matches = !isNegative
  }
  return matches
}

/** @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet */
export function patternToExpression(pattern: string): RegExp {
  const source = pattern.replaceAll(/\*\*|\*|\\.|[.^$(){}|\\]/g, (part) => {
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    return part.length === 2 ? part : `\\${part}`
  })
  return new RegExp(`^${source}$`)
}

/** A name that the pattern matches: itself when it has no wildcard. */
function sampleOf(pattern: string): string {
  const sample = pattern.replaceAll(/\*+|\[[^\]]*\][+?]?|[?+]/g, '1')
  return patternToExpression(pattern).test(sample) ? sample : pattern.replaceAll(/[*?+[\]]/g, '')
}

function scheduleOf({ event, options }: Trigger): string {
  if (event !== 'schedule' || options === undefined || !isSequence(options)) return ''
  const [first] = options
  return membersOf(first).get('cron')?.toString() ?? ''
}

function listOf(options: TemplateToken | undefined, key: string): readonly string[] {
  const value = membersOf(options).get(key)
  if (value === undefined) return []
  return isSequence(value) ? [...value].map((item) => item.toString()) : [value.toString()]
}

/** The activity of an event whose filter names none: GitHub's most usual one. */
const defaultActivities: Readonly<Record<string, string>> = {
  pull_request: 'opened',
  pull_request_target: 'opened',
  pull_request_review: 'submitted',
  issues: 'opened',
  issue_comment: 'created',
  release: 'published',
  workflow_run: 'completed',
  repository_dispatch: 'rehearsal',
}

function refused(plan: WorkflowPlan, at: Placed | undefined, message: string): Refusal {
  return new Refusal([problemAt(plan.file, at, message)])
}
