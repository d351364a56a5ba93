import { AwsError, XmlList } from '../service.ts'

export type Tags = ReadonlyMap<string, string>

export const NO_TAGS: Tags = new Map()

const MOST_TAGS = 50
const PATTERN = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/**
 * The tags of a request.
 * @throws AwsError InvalidParameterValue for a tag that breaks a rule of
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
 */
export function checkTags(given: readonly { readonly Key?: string; readonly Value?: string }[]): Tags {
  const tags = new Map<string, string>()
  for (const { Key: key = '', Value: value = '' } of given) {
    if (key === '' || key.length > 128)
      throw invalid(`Tag keys must have 1 to 128 characters, and "${key}" has ${key.length}.`)
    if (value.length > 256) throw invalid(`The value of tag ${key} is longer than 256 characters.`)
    if (/^(aws|rds):/i.test(key)) {
      throw invalid(`Tag keys cannot start with the reserved prefix "${key.slice(0, 4)}" (${key}).`)
    }
    for (const text of [key, value]) {
      if (!PATTERN.test(text)) throw invalid(`"${text}" has characters that a tag cannot have.`)
    }
    if (tags.has(key)) throw invalid(`Duplicate tag keys found: ${key}.`)
    tags.set(key, value)
  }
  return tags
}

/** The tags that a world gives. */
export function tagsOf(record: Readonly<Record<string, string>>): Tags {
  return checkTags(Object.entries(record).map(([Key, Value]) => ({ Key, Value })))
}

/** @throws AwsError InvalidParameterValue when a resource would have more than 50 tags */
export function addTags(present: Tags, added: Tags): Tags {
  const all = new Map([...present, ...added])
  if (all.size > MOST_TAGS) throw invalid(`A resource can have at most ${MOST_TAGS} tags, and would have ${all.size}.`)
  return all
}

export function removeTags(present: Tags, keys: readonly string[]): Tags {
  return new Map([...present].filter(([key]) => !keys.includes(key)))
}

export function tagList(tags: Tags): XmlList {
  return new XmlList(
    'Tag',
    [...tags].map(([Key, Value]) => ({ Key, Value })),
  )
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValue', message)
}
