import * as v from 'valibot'
import {
  conditionSchema,
  conditionsHold,
  documentSchema,
  listSchema,
  matchesAction,
  parseDocument,
} from './iam-policy.ts'

const statement = v.strictObject({
  Sid: v.optional(v.string()),
  Effect: v.picklist(['Allow', 'Deny']),
  /** Users, accounts and services may be trusted as well; no token comes from them. */
  Principal: v.strictObject({
    Federated: v.optional(listSchema, []),
    AWS: v.optional(listSchema),
    Service: v.optional(listSchema),
  }),
  Action: listSchema,
  Condition: v.optional(conditionSchema, {}),
})

const trustPolicySchema = documentSchema(statement)

/** Who may take a role. */
export type TrustPolicy = v.InferOutput<typeof trustPolicySchema>

export interface WebIdentity {
  /** ARN of the provider in the role's account. */
  readonly provider: string
  /** Of the token. */
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * What of a token of GitHub a trust policy can ask for.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
 */
const claimKeys = [
  ...['actor', 'actor_id', 'aud', 'enterprise_id', 'environment', 'job_workflow_ref', 'ref', 'repository'],
  ...['repository_id', 'sub', 'workflow'],
]

/** @throws Error that names what is wrong; a condition operator that the lab does not know is refused, not ignored */
export function parseTrustPolicy(document: unknown): TrustPolicy {
  return parseDocument('trust policy', trustPolicySchema, document)
}

/** Whether sts:AssumeRoleWithWebIdentity is allowed to the owner of a token, and not denied. */
export function trusts(policy: TrustPolicy, { provider, claims }: WebIdentity): boolean {
  const keyPrefix = provider.slice(provider.indexOf('/') + 1)
  const context = Object.fromEntries(
    claimKeys.flatMap((name) => {
      const value = claims[name]
      return typeof value === 'string' || Array.isArray(value) ? [[`${keyPrefix}:${name}`, value]] : []
    }),
  )
  const effects = policy.Statement.filter(
    ({ Principal, Action, Condition }) =>
      Principal.Federated.includes(provider) &&
      matchesAction(Action, 'sts:AssumeRoleWithWebIdentity') &&
      conditionsHold(Condition, context),
  ).map(({ Effect }) => Effect)
  return effects.includes('Allow') && !effects.includes('Deny')
}
