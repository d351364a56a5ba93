import { readFileSync } from 'node:fs'

interface Statement {
  readonly Action: string | readonly string[]
}

/** An IAM policy of docs/permissions. */
export interface DocumentedPolicy {
  readonly Statement: readonly Statement[]
}

/** @param names what stands in the policy, and what takes its place in the test's world */
export function readDocumentedPolicy(name: string, names: Readonly<Record<string, string>> = {}): DocumentedPolicy {
  const text = readFileSync(new URL(`../../../../docs/permissions/${name}.json`, import.meta.url), 'utf8')
  const renamed = Object.entries(names).reduce((result, [from, to]) => result.replaceAll(from, to), text)
  return JSON.parse(renamed) as DocumentedPolicy
}

/** Every IAM action that it allows, once. */
export function actionsOf(policy: DocumentedPolicy): readonly string[] {
  return [...new Set(policy.Statement.flatMap(({ Action }) => Action))]
}

/** The policy with one action taken out of every statement. */
export function withoutAction(policy: DocumentedPolicy, action: string): DocumentedPolicy {
  const Statement = policy.Statement.map((statement) => ({
    ...statement,
    Action: [statement.Action].flat().filter((candidate) => candidate !== action),
  }))
  return { ...policy, Statement: Statement.filter(({ Action }) => Action.length > 0) }
}
