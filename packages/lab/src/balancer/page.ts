import { AwsError, type Input, type Output, XmlList } from '../service.ts'

const describePageSize = 400

/** PageSize is 1 to 400; the marker is the place in the list. */
export function page(name: string, all: readonly Output[], input: Input): Output {
  const size = Number(input.PageSize ?? describePageSize)
  const from = Number(input.Marker ?? 0)
  if (!(size >= 1 && size <= describePageSize) || !Number.isInteger(from)) {
    throw new AwsError('ValidationError', 'PageSize must be between 1 and 400, and Marker one that was handed out')
  }
  const next = from + size < all.length ? String(from + size) : undefined
  return { [name]: new XmlList('member', all.slice(from, from + size)), NextMarker: next }
}
