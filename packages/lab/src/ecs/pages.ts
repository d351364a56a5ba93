import type { Output } from '../service.ts'
import { invalidParameter } from './input.ts'

interface PageOf {
  readonly maxResults?: number | undefined
  readonly nextToken?: string | undefined
}

/**
 * One page of a list: `maxResults` is 1 to 100. A token names the last item that was handed out and its place, so
 * that a list which grows in between loses nothing.
 * @throws AwsError InvalidParameterException
 */
export function pageOf(items: readonly string[], input: PageOf, options: { readonly defaultSize?: number } = {}) {
  const size = input.maxResults ?? options.defaultSize ?? 100
  if (size < 1 || size > 100) throw invalidParameter('maxResults must be between 1 and 100.')
  const from = input.nextToken === undefined ? 0 : placeAfter(items, input.nextToken)
  const page = items.slice(from, from + size)
  const last = from + page.length
  return { page, nextToken: last < items.length ? tokenFor(page.at(-1)!, last) : undefined }
}

/** The page as an answer has it; `nextToken` is left out on the last one. */
export function pageOutput(member: string, items: readonly unknown[], nextToken: string | undefined): Output {
  return { [member]: items, ...(nextToken === undefined ? {} : { nextToken }) }
}

function tokenFor(item: string, place: number): string {
  return Buffer.from(JSON.stringify([item, place])).toString('base64url')
}

function placeAfter(items: readonly string[], token: string): number {
  try {
    const [item, place] = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    if (typeof item === 'string' && Number.isInteger(place)) {
      const found = items.indexOf(item)
      return found === -1 ? place : found + 1
    }
  } catch {
    // Refused below.
  }
  throw invalidParameter('Invalid token.')
}
