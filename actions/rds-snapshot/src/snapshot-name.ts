import { createHash } from 'node:crypto'

/** What is wrong with a snapshot identifier, or nothing (RDS API Reference: CreateDBSnapshot, Constraints). */
export function identifierProblem(identifier: string, longest = 255): string | undefined {
  const quoted = `'${identifier}'`
  if (identifier.length > longest) return `${quoted} is longer than ${longest} characters`
  if (!/^[A-Za-z]/.test(identifier)) return `${quoted} must begin with a letter`
  if (!/^[A-Za-z0-9-]+$/.test(identifier)) return `${quoted} may hold letters, digits and hyphens only`
  if (identifier.endsWith('-') || identifier.includes('--'))
    return `${quoted} must not end with a hyphen or hold two in a row`
  return undefined
}

/** The default name; one that would be too long keeps its beginning and ends with a hash of the whole. */
export function defaultIdentifier(parts: readonly string[], longest: number): string {
  const whole = parts
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/-{2,}/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
  if (whole.length <= longest) return whole
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, 8)
  return `${whole.slice(0, longest - hash.length - 1).replace(/-+$/, '')}-${hash}`
}
