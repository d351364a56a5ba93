import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import { fromData } from './expression-data.ts'
import { runnerSystem } from './github-context.ts'
import { type Problem, problemAt } from './refusal.ts'
import { evaluate, type Scope } from './template.ts'
import type { StepsBody } from './workflow-plan.ts'

const systems = [
  { system: 'Linux', pattern: /^(ubuntu|linux)\b/i },
  { system: 'macOS', pattern: /^(macos|mac)\b/i },
  { system: 'Windows', pattern: /^(windows|win)\b/i },
] as const

/** A problem when the labels ask for another system than this machine's. @throws TemplateError */
export function checkRunsOn(token: TemplateToken, scope: Scope): Problem | undefined {
  const here = runnerSystem()
  const labels = labelsOf(fromData(evaluate(token, scope)))
  for (const label of labels) {
    const asked = systems.find(({ pattern }) => pattern.test(label))
    if (asked !== undefined && asked.system !== here)
      return problemAt(
        scope.file,
        token,
        `The job runs on ${label}; the rehearsal runs jobs on this machine, which is ${here}`,
      )
  }
  return undefined
}

function labelsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.map(String)
  if (typeof value === 'object' && value !== null && 'labels' in value) return labelsOf(value.labels)
  return []
}

/** What a job asks of its machine that needs a container engine. */
export function containerProblems(file: string, id: string, body: StepsBody): readonly Problem[] {
  const asked = [
    { at: body.container, message: `Job '${id}' runs in a container; the rehearsal has no container engine` },
    { at: body.services, message: `Job '${id}' has service containers; the rehearsal has no container engine` },
    { at: body.snapshot, message: `Job '${id}' takes a snapshot of its runner, which the rehearsal cannot do` },
  ]
  return asked.flatMap(({ at, message }) => (at === undefined ? [] : [problemAt(file, at, message)]))
}
