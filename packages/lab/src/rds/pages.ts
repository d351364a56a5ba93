import { AwsError } from '../service.ts'
import { type Filter, integer, text } from './request.ts'

export interface PageRequest {
  readonly maxRecords: number | undefined
  readonly marker: string | undefined
}

/** The members that every listing operation has. */
export const PAGE = { maxRecords: ['MaxRecords', integer], marker: ['Marker', text] } as const

export interface Page<T> {
  readonly items: readonly T[]
  readonly marker: string | undefined
}

/**
 * One page of resources, ordered by name. The marker names the last one of its page, so that what is added or removed
 * between two pages neither repeats nor hides others.
 * @throws AwsError InvalidParameterValue for MaxRecords outside 20 to 100, or a marker that no answer gave
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSnapshots.html
 */
export function pageOf<T extends { readonly identifier: string }>(all: Iterable<T>, request: PageRequest): Page<T> {
  const size = request.maxRecords ?? 100
  if (size < 20 || size > 100) {
    throw new AwsError('InvalidParameterValue', `Invalid value ${size} for MaxRecords. Must be between 20 and 100`)
  }
  const after = request.marker === undefined ? '' : readMarker(request.marker)
  const rest = [...all]
    .filter(({ identifier }) => identifier > after)
    .sort((a, b) => (a.identifier < b.identifier ? -1 : 1))
  const items = rest.slice(0, size)
  return { items, marker: rest.length > size ? makeMarker(items.at(-1)!.identifier) : undefined }
}

const PREFIX = 'after:'

function makeMarker(identifier: string): string {
  return Buffer.from(`${PREFIX}${identifier}`).toString('base64')
}

function readMarker(marker: string): string {
  const decoded = Buffer.from(marker, 'base64').toString('utf8')
  if (!decoded.startsWith(PREFIX)) throw new AwsError('InvalidParameterValue', `Invalid marker: ${marker}`)
  return decoded.slice(PREFIX.length)
}

/**
 * Keeps what matches each filter; a filter matches when one of its values does.
 * @throws AwsError InvalidParameterValue for a filter that the operation does not have
 */
export function applyFilters<T>(
  all: readonly T[],
  filters: readonly Filter[],
  known: Readonly<Record<string, (item: T) => readonly string[]>>,
): readonly T[] {
  let kept = all
  for (const { name, values } of filters) {
    const read = Object.hasOwn(known, name) ? known[name] : undefined
    if (read === undefined) throw new AwsError('InvalidParameterValue', `Unrecognized filter name: ${name}`)
    const wanted = new Set(values.map((value) => value.toLowerCase()))
    kept = kept.filter((item) => read(item).some((value) => wanted.has(value.toLowerCase())))
  }
  return kept
}
