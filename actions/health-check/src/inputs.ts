import {
  boolean,
  choice,
  duration,
  integer,
  list,
  number,
  optional,
  requiredList,
  secret,
  text,
} from '@deploy-kit/core/input-fields'
import type { Field, InputsOf } from '@deploy-kit/core/inputs'
import { parseStatusSet, type StatusSet } from '@deploy-kit/core/probe/status-set'
import { parseEndpoint, parseTarget } from '@deploy-kit/core/probe/target'
import { conditions, pattern, valuePath } from './expectation-fields.ts'
import { basicAuth, bearerToken, certificates, finalUrl, headers, method, singleLine } from './request-fields.ts'

const statuses: Field<StatusSet> = { parse: parseStatusSet }

export const fields = {
  url: requiredList({ parse: parseTarget }),
  method,
  headers: list(headers),
  body: optional(text()),
  'bearer-token': optional(secret(bearerToken)),
  'basic-auth': optional(secret(basicAuth)),
  'user-agent': singleLine,
  'expected-status': statuses,
  'expected-body': optional(text()),
  'expected-body-regex': optional(pattern),
  'expected-version': optional(text()),
  'version-path': valuePath,
  conditions,
  'follow-redirects': choice('safe', 'all', 'none'),
  'max-redirects': integer({ min: 0, max: 50 }),
  'expected-final-url': optional(finalUrl),
  timeout: duration({ minMs: 1 }),
  'request-timeout': duration({ minMs: 1 }),
  interval: duration(),
  'backoff-coefficient': number({ min: 1, max: 1000 }),
  'max-interval': duration(),
  jitter: number({ min: 0, max: 1 }),
  'max-attempts': integer({ min: 0 }),
  'success-threshold': integer({ min: 1 }),
  'initial-delay': duration(),
  'start-period': duration(),
  'failure-threshold': integer({ min: 0 }),
  'fail-fast-status': optional(statuses),
  'max-response-time': optional(duration({ minMs: 1 })),
  'min-certificate-validity': optional(duration()),
  insecure: boolean(),
  'ca-cert': optional(certificates),
  'connect-to': optional({ parse: parseEndpoint }),
  'fail-on-unhealthy': boolean(),
}

export type Inputs = InputsOf<typeof fields>
