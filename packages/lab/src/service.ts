/**
 * The seam between the lab's server (wire protocols, callers, faults, throttling, the journal) and its services
 * (ECS, RDS, …). A service knows nothing of HTTP: it receives parsed input and returns output or throws AwsError.
 */

import type { Journal } from './journal.ts'
import type { LabClock } from './lab-clock.ts'

/** Parsed request members: JSON as sent (awsJson1.1), or the awsQuery parameters folded into objects and lists. */
// biome-ignore lint/suspicious/noExplicitAny: requests come from outside; every service validates what it reads.
export type Input = any
export type Output = Record<string, unknown>

export type Operation = (input: Input, call: Call) => Output | Promise<Output>

export interface Service {
  /** As in an IAM action: `ecs`, `rds`, `logs`, `sts`, `elasticloadbalancing`. */
  readonly name: string
  /** awsJson services are found by the `X-Amz-Target` prefix, awsQuery services by `Version` or signing name. */
  readonly protocol: AwsJson | AwsQuery
  readonly operations: Readonly<Record<string, Operation>>
  /** Operations that need no signature, such as AssumeRoleWithWebIdentity. */
  readonly unsigned?: readonly string[]
  /** Operations that need no permission, such as GetCallerIdentity. */
  readonly unguarded?: readonly string[]
  /** Ends every process, socket and timer of the service; resolves when they are gone. */
  close(): Promise<void>
}

export interface AwsJson {
  readonly kind: 'awsJson1.1'
  /** For example `AmazonEC2ContainerServiceV20141113`. */
  readonly targetPrefix: string
}

export interface AwsQuery {
  readonly kind: 'awsQuery'
  /** The API version in the `Version` parameter, for example `2014-10-31` for RDS. */
  readonly version: string
  readonly xmlNamespace: string
}

/** What a service is made with. */
export interface LabContext {
  readonly accountId: string
  readonly region: string
  readonly clock: LabClock
  readonly journal: Journal
  /** Folder of this lab's own; removed when the lab closes. */
  readonly dataDirectory: string
  /** Seeded, so that a run with the same seed makes the same identifiers and decisions. */
  readonly random: () => number
}

/** One request, as a service's operation sees it. */
export interface Call {
  readonly requestId: string
  readonly caller: Caller
  readonly region: string
  /**
   * Throws AccessDeniedException in AWS's own words unless the caller's policy allows `action` on `resource`.
   * The server calls it with `<service>:<Operation>` and `*` is not enough for scoped policies, so operations call
   * it themselves with the resource they touch (and the condition keys that AWS documents for it).
   */
  authorize(action: string, resource: string, context?: Readonly<Record<string, string | readonly string[]>>): void
}

export interface Caller {
  readonly accessKeyId: string
  /** `arn:aws:iam::…:user/…` or `arn:aws:sts::…:assumed-role/<role>/<session>`. */
  readonly arn: string
}

/** An error as AWS sends it: `code` is the code on the wire (`DBInstanceNotFound`, not `DBInstanceNotFoundFault`). */
export class AwsError extends Error {
  readonly code: string
  readonly status: number
  /** Further members of the modelled exception, such as ConflictException's `resourceIds`. */
  readonly members: Output

  constructor(code: string, message: string, status = 400, members: Output = {}) {
    super(message)
    this.name = code
    this.code = code
    this.status = status
    this.members = members
  }
}

/** A list in an awsQuery answer: XML wraps every item in `<member>`'s own name, for example `DBInstance`. */
export class XmlList {
  readonly member: string
  readonly items: readonly unknown[]

  constructor(member: string, items: readonly unknown[]) {
    this.member = member
    this.items = items
  }
}
