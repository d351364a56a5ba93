import { type EcsBaseline, ecsBaselineSchema } from '@deploy-kit/core/ecs/baseline'
import * as v from 'valibot'

const commandBaselineSchema = v.strictObject({
  version: v.literal(1),
  kind: v.literal('command'),
  capturedAt: v.string(),
  value: v.pipe(v.string(), v.nonEmpty()),
})

/** What a command printed before the deploy. */
export type CommandBaseline = v.InferOutput<typeof commandBaselineSchema>

const schema = v.variant('kind', [ecsBaselineSchema, commandBaselineSchema])

export type Baseline = EcsBaseline | CommandBaseline

/**
 * Reads the output `baseline` of a guard or of ecs-deploy.
 *
 * @throws {RangeError} naming every key that does not fit
 */
export function parseBaseline(given: string): Baseline {
  let data: unknown
  try {
    data = JSON.parse(given)
  } catch {
    throw new RangeError("is not the JSON of a guard's or ecs-deploy's output baseline")
  }
  const result = v.safeParse(schema, data)
  if (result.success) return result.output
  throw new RangeError(
    result.issues.map((issue) => `${v.getDotPath(issue) ?? 'the value'}: ${issue.message}`).join('; '),
  )
}

/** With rollback-command, a baseline may also be the version itself. */
export function parseCommandBaseline(given: string): string {
  if (!given.trimStart().startsWith('{')) return given
  const baseline = parseBaseline(given)
  if (baseline.kind === 'command') return baseline.value
  throw new RangeError('is of ECS services, and rollback-command restores something else')
}

/** @throws {RangeError} when it is not one of ECS services */
export function parseEcsBaseline(given: string): EcsBaseline {
  const baseline = parseBaseline(given)
  if (baseline.kind === 'ecs') return baseline
  throw new RangeError('was captured by a command; give the rollback-command that restores it')
}
