import * as v from 'valibot'
import type { EcsService } from '../ecs/ecs-service.ts'
import type { Journal } from '../journal.ts'
import type { RdsService } from '../rds/rds-service.ts'
import type { Fault, Faults } from './faults.ts'
import { type HttpAnswer, type HttpRequest, type HttpRoute, jsonBody } from './http.ts'
import type { Policies } from './policies.ts'

/** What happens without a request: capacity that is gone, Spot that is taken back, time that has passed. */
export interface Happenings {
  readonly ecs: Pick<
    EcsService,
    'limitCapacity' | 'interruptSpotTasks' | 'forgetStoppedTasks' | 'forgetInactiveServices'
  >
  readonly rds: Pick<RdsService, 'setStatus'>
}

interface Controls {
  readonly journal: Journal
  readonly faults: Faults
  readonly policies: Policies
  /** Undefined until the services of the lab are there; left out where they are not part of it. */
  readonly happenings?: () => Happenings | undefined
}

const policyInput = v.strictObject({ principal: v.string(), policy: v.nullable(v.looseObject({})) })

const capacityInput = v.strictObject({ tasks: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0))) })
const databaseInput = v.strictObject({ identifier: v.string(), status: v.string() })

/**
 * What tests that run the lab in another process ask of it; bodies are JSON.
 *
 * - `GET /_lab/journal?after=<sequence>`
 * - `GET`, `POST` and `DELETE /_lab/faults`
 * - `PUT /_lab/policy` with `{principal, policy}`; null removes it
 * - `POST /_lab/capacity` with `{tasks}`: how many tasks ECS has room for; null is no limit
 * - `POST /_lab/spot-interruption`: takes back the capacity of every FARGATE_SPOT task
 * - `POST /_lab/forget-stopped-tasks`: ECS forgets them, as some time after an hour
 * - `POST /_lab/forget-inactive-services`: ECS forgets deleted services, as some day
 * - `POST /_lab/database-status` with `{identifier, status}`: of an instance or a cluster
 */
export function createLabRoutes({ journal, faults, policies, happenings }: Controls): HttpRoute {
  const started = () => {
    const present = happenings?.()
    if (present === undefined) throw new Error('The services of the lab are not there yet')
    return present
  }
  const actions: Readonly<Record<string, (request: HttpRequest) => unknown>> = {
    'GET /journal': ({ query }) => journal.entries().slice(readSequence(query.get('after') ?? '0')),
    'GET /faults': () => faults.planned(),
    'POST /faults': (request) => faults.add(JSON.parse(request.body.toString('utf8')) as Fault),
    'DELETE /faults': () => faults.clear(),
    'PUT /policy': (request) => {
      const { principal, policy } = readBody(request, policyInput)
      if (policy === null) policies.remove(principal)
      else policies.put(principal, policy)
    },
    'POST /capacity': (request) => {
      const { tasks } = readBody(request, capacityInput)
      started().ecs.limitCapacity(tasks ?? Number.POSITIVE_INFINITY)
    },
    'POST /spot-interruption': () => started().ecs.interruptSpotTasks(),
    'POST /forget-stopped-tasks': () => started().ecs.forgetStoppedTasks(),
    'POST /forget-inactive-services': () => started().ecs.forgetInactiveServices(),
    'POST /database-status': (request) => {
      const { identifier, status } = readBody(request, databaseInput)
      started().rds.setStatus(identifier, status)
    },
  }
  return {
    prefix: '/_lab',
    handle(request): HttpAnswer {
      const action = actions[`${request.method} ${request.path}`]
      if (action === undefined) return jsonBody(404, { message: `The lab has no ${request.method} ${request.path}` })
      try {
        return jsonBody(200, action(request) ?? {})
      } catch (error) {
        return jsonBody(400, { message: error instanceof Error ? error.message : String(error) })
      }
    },
  }
}

function readSequence(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`after: '${text}' is not the sequence of an entry; give a whole number`)
  return Number(text)
}

/** @throws Error that names what is wrong with the body */
function readBody<S extends v.GenericSchema>(request: HttpRequest, schema: S): v.InferOutput<S> {
  return v.parse(schema, JSON.parse(request.body.toString('utf8')))
}
