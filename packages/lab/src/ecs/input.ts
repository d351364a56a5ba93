import * as v from 'valibot'
import { AwsError, type Input } from '../service.ts'

/** How an operation refuses what it was given; most ECS operations use InvalidParameterException. */
export const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterException', message)
export const clientError = (message: string): AwsError => new AwsError('ClientException', message)

/**
 * Reads an operation's input. A member of another type than the model's is a SerializationException, a required one
 * that is missing is refused by `refusal`; both name the member.
 */
export function readInput<S extends v.GenericSchema>(
  schema: S,
  input: Input,
  refusal: (message: string) => AwsError = invalidParameter,
): v.InferOutput<S> {
  const result = v.safeParse(schema, withoutNull(input))
  if (result.success) return result.output
  const [issue] = result.issues
  const path = v.getDotPath(issue) ?? 'the input'
  if (issue.kind === 'validation') throw refusal(`Invalid value for ${path}: ${issue.message}`)
  if (issue.received === 'undefined') throw refusal(`Missing required member ${path}.`)
  throw new AwsError('SerializationException', `${path}: expected ${issue.expected}, received ${issue.received}`)
}

/** A member that is null is one that was not sent. */
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNull(member)]))
}

export const text = v.optional(v.string())
export const flag = v.optional(v.boolean())
export const whole = v.optional(v.pipe(v.number(), v.integer('a whole number is expected')))
export const texts = v.optional(v.array(v.string()))

export const keyValues = v.optional(v.array(v.object({ name: v.optional(v.string()), value: v.optional(v.string()) })))

export const capacityProviderStrategy = v.optional(
  v.array(v.looseObject({ capacityProvider: v.string(), weight: whole, base: whole })),
)

export const networkConfiguration = v.optional(
  v.looseObject({
    awsvpcConfiguration: v.optional(
      v.looseObject({
        subnets: v.array(v.string()),
        securityGroups: texts,
        assignPublicIp: v.optional(v.picklist(['ENABLED', 'DISABLED'])),
      }),
    ),
  }),
)

export type CapacityProviderStrategy = v.InferOutput<typeof capacityProviderStrategy>
export type NetworkConfiguration = v.InferOutput<typeof networkConfiguration>

/**
 * Refuses what AWS has and the lab does not, so that nobody takes silence for an effect.
 * @throws AwsError InvalidParameterException
 */
export function refuseMembers(input: Input, members: readonly string[]): void {
  const given = members.filter((member) => {
    const value = input?.[member]
    return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
  })
  if (given.length > 0) throw invalidParameter(`The lab does not have ${given.join(', ')}; leave it out here.`)
}
