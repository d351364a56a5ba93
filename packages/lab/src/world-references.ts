/** Values that exist only once the lab runs: `databases.finance-hub.url`, `loadBalancers.finance-hub.targetGroupArn`. */
export type WorldReferences = ReadonlyMap<string, string>

/**
 * A copy of part of a world in which each `${databases.…}` and `${loadBalancers.…}` is replaced; another `${…}` may be
 * a shell's.
 * @throws Error that names a reference to something that the world does not have, and what there is
 */
export function fillReferences<T>(value: T, references: WorldReferences): T {
  return fill(value, references) as T
}

function fill(value: unknown, references: WorldReferences): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{((?:databases|loadBalancers)\.[^}]*)\}/g, (_reference, name: string) => {
      const known = references.get(name)
      if (known !== undefined) return known
      throw new Error(`The world refers to \${${name}}, which is none of: ${[...references.keys()].join(', ')}`)
    })
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, references))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fill(member, references)]))
}
