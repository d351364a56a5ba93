import * as v from 'valibot'
import type { Journal } from '../journal.ts'
import type { Fault, Faults } from './faults.ts'
import { type HttpAnswer, type HttpRequest, type HttpRoute, jsonBody } from './http.ts'
import type { Policies } from './policies.ts'

interface Controls {
  readonly journal: Journal
  readonly faults: Faults
  readonly policies: Policies
}

const policyInput = v.strictObject({ principal: v.string(), policy: v.nullable(v.looseObject({})) })

/**
 * What tests that run the lab in another process ask of it: GET /_lab/journal?after=<sequence>; GET, POST and
 * DELETE /_lab/faults; PUT /_lab/policy with a principal and its policy, or null to remove it.
 */
export function createLabRoutes({ journal, faults, policies }: Controls): HttpRoute {
  const actions: Readonly<Record<string, (request: HttpRequest) => unknown>> = {
    'GET /journal': ({ query }) => journal.entries().slice(Number(query.get('after') ?? 0)),
    'GET /faults': () => faults.planned(),
    'POST /faults': (request) => faults.add(JSON.parse(request.body.toString('utf8')) as Fault),
    'DELETE /faults': () => faults.clear(),
    'PUT /policy': (request) => {
      const { principal, policy } = v.parse(policyInput, JSON.parse(request.body.toString('utf8')))
      if (policy === null) policies.remove(principal)
      else policies.put(principal, policy)
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
