import { parseServiceReference, type ServiceReference } from '@deploy-kit/core/ecs/service-reference'
import { list, structured } from '@deploy-kit/core/input-fields'
import type { Field } from '@deploy-kit/core/inputs'
import * as v from 'valibot'

/** A service to roll, with what is given for it alone. */
export interface ServiceOrder extends ServiceReference {
  readonly image?: string
  readonly taskDefinition?: string
  readonly container?: string
}

/** More in one step than this would leave no room for anybody else under ECS's rates. */
const MOST = 100

const image = v.pipe(v.string(), v.regex(/^[^\s=]+$/, 'is not an image; write one such as registry/repository:tag'))
const filled = v.pipe(v.string(), v.nonEmpty('must not be empty'))
const entry = v.nullable(
  v.strictObject({ image: v.optional(image), 'task-definition': v.optional(filled), container: v.optional(filled) }),
)
const map = structured(v.record(v.string(), entry))
const names = list({ parse: parseServiceReference }, { commas: true })

/** A line that gives a value to a name, as names and ARNs of services never do. */
const IS_MAP = /^\s*\{|^\s*["']?[\w-]+["']?\s*:(\s|$)/m

/** Names or ARNs, one a line or with commas between, or a map from them to what is given for each. */
export const servicesField: Field<readonly ServiceOrder[]> = {
  prepare: async (given) => {
    if (IS_MAP.test(given)) await map.prepare?.(given)
  },
  parse: (given) => {
    const orders = IS_MAP.test(given) ? parseMap(given) : names.parse(given)
    if (orders.length === 0) throw new RangeError('is required, and only empty items were given')
    if (orders.length > MOST) throw new RangeError(`has ${orders.length} services; the most is ${MOST}`)
    return orders
  },
}

function parseMap(given: string): ServiceOrder[] {
  return Object.entries(map.parse(given)).map(([service, order]) => ({
    ...parseServiceReference(service),
    ...(order?.image !== undefined && { image: order.image }),
    ...(order?.['task-definition'] !== undefined && { taskDefinition: order['task-definition'] }),
    ...(order?.container !== undefined && { container: order.container }),
  }))
}
