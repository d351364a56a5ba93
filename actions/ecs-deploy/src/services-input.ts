import { list, structured, text } from '@deploy-kit/core/input-fields'
import type { Field } from '@deploy-kit/core/inputs'
import * as v from 'valibot'

/** A service to roll, with what is given for it alone. */
export interface ServiceOrder {
  readonly service: string
  readonly image?: string
  readonly taskDefinition?: string
  readonly container?: string
}

const NAME = /^[\w-]{1,255}$/
/** More in one step than this would leave no room for anybody else under ECS's rates. */
const MOST = 100

const image = v.pipe(v.string(), v.regex(/^[^\s=]+$/, 'is not an image; write one such as registry/repository:tag'))
const filled = v.pipe(v.string(), v.nonEmpty('must not be empty'))
const entry = v.nullable(
  v.strictObject({ image: v.optional(image), 'task-definition': v.optional(filled), container: v.optional(filled) }),
)
const map = structured(v.record(v.string(), entry))

/** A line that gives a value to a name, as names and ARNs of services never do. */
const IS_MAP = /^\s*\{|^\s*["']?[\w-]+["']?\s*:(\s|$)/m

export const servicesField: Field<readonly ServiceOrder[]> = {
  prepare: async (given) => {
    if (IS_MAP.test(given)) await map.prepare?.(given)
  },
  parse: parseServices,
}

/**
 * Names, one a line or with commas between, or a map from names to what is given for each.
 *
 * @throws {RangeError} naming what is not a service
 */
function parseServices(given: string): readonly ServiceOrder[] {
  const orders = IS_MAP.test(given) ? parseMap(given) : list(text(), { commas: true }).parse(given).map(nameOnly)
  if (orders.length === 0) throw new RangeError('is required, and only empty items were given')
  if (orders.length > MOST) throw new RangeError(`has ${orders.length} services; the most is ${MOST}`)
  const wrong = orders.filter((order) => !NAME.test(order.service))
  if (wrong.length > 0) {
    const names = wrong.map((order) => `'${order.service}'`).join(', ')
    throw new RangeError(`${names} cannot be the name of a service; it has up to 255 letters, digits, _ and -`)
  }
  const twice = orders.find((order, index) => orders.findIndex((other) => other.service === order.service) !== index)
  if (twice !== undefined) throw new RangeError(`'${twice.service}' is given twice`)
  return orders
}

function parseMap(given: string): ServiceOrder[] {
  return Object.entries(map.parse(given)).map(([service, order]) => ({
    ...nameOnly(service),
    ...(order?.image !== undefined && { image: order.image }),
    ...(order?.['task-definition'] !== undefined && { taskDefinition: order['task-definition'] }),
    ...(order?.container !== undefined && { container: order.container }),
  }))
}

/** The name at the end of an ARN will do: the cluster is given by itself. */
function nameOnly(given: string): ServiceOrder {
  return { service: given.startsWith('arn:') ? given.slice(given.lastIndexOf('/') + 1) : given }
}
