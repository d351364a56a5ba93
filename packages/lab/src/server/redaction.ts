const secretMembers = new Set(['WebIdentityToken', 'MasterUserPassword', 'SecretAccessKey', 'SessionToken'])

/** Longer lists, such as a page of log events, are counted and not kept: the journal lives as long as the lab. */
const keptItems = 200

/** A copy for the journal, without the values that nobody may read there. */
export function withoutSecrets(value: unknown): unknown {
  if (value instanceof Date || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.length > keptItems ? `(${value.length} items)` : value.map(withoutSecrets)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, secretMembers.has(name) ? '***' : withoutSecrets(member)]),
  )
}
