import * as v from 'valibot'
import { invalidParameter } from './input.ts'

export interface Tag {
  readonly key: string
  readonly value: string
}

export const tagsMember = v.optional(v.array(v.object({ key: v.string(), value: v.optional(v.string(), '') })))

/**
 * "Maximum number of tags per resource - 50 … each tag key must be unique … Maximum key length - 128 … Maximum value
 * length - 256 … Do not use aws:, AWS:, or any upper or lowercase combination of such as a prefix" (API reference, Tag)
 * @throws AwsError InvalidParameterException
 */
export function checkTags(tags: readonly Tag[] = []): readonly Tag[] {
  if (tags.length > 50) throw invalidParameter('Too many tags: a resource can have at most 50.')
  const seen = new Set<string>()
  for (const { key, value } of tags) {
    if (key.length < 1 || key.length > 128) throw invalidParameter(`Tag key ${key} must be 1 to 128 characters.`)
    if (value.length > 256) throw invalidParameter(`The value of tag ${key} must be at most 256 characters.`)
    if (/^aws:/i.test(key)) throw invalidParameter(`Tag keys starting with 'aws:' are reserved: ${key}.`)
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(`${key}${value}`)) {
      throw invalidParameter(`Tag ${key} has characters other than letters, numbers, spaces and + - = . _ : / @.`)
    }
    if (seen.has(key)) throw invalidParameter(`Duplicate tag key: ${key}.`)
    seen.add(key)
  }
  return tags
}

/** Later tags win over earlier ones of the same key. */
export function mergeTags(...lists: readonly (readonly Tag[])[]): readonly Tag[] {
  return [...new Map(lists.flat().map((tag) => [tag.key, tag])).values()]
}

/** Condition keys of a resource that has tags. */
export function resourceTagKeys(tags: readonly Tag[]): Record<string, string> {
  return Object.fromEntries(
    tags.flatMap(({ key, value }) => [
      [`aws:ResourceTag/${key}`, value],
      [`ecs:ResourceTag/${key}`, value],
    ]),
  )
}

/** Condition keys of a request that sets tags. */
export function requestTagKeys(tags: readonly Tag[] = []): Record<string, string | readonly string[]> {
  if (tags.length === 0) return {}
  const keys = tags.map(({ key }) => key)
  return { ...Object.fromEntries(tags.map(({ key, value }) => [`aws:RequestTag/${key}`, value])), 'aws:TagKeys': keys }
}
