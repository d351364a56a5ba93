import type { EndpointAnswer, EndpointRequest } from './endpoint.ts'

export interface Page {
  readonly number: number
  readonly perPage: number
}

/** @see https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api : 30 a page, at most 100 */
export function readPage(query: URLSearchParams): Page {
  const number = Math.max(1, Number.parseInt(query.get('page') ?? '1', 10) || 1)
  const perPage = Math.min(100, Math.max(1, Number.parseInt(query.get('per_page') ?? '30', 10) || 30))
  return { number, perPage }
}

export function slicePage<T>(items: readonly T[], { number, perPage }: Page): readonly T[] {
  return items.slice((number - 1) * perPage, number * perPage)
}

/** A page of a list with the Link header that leads to the others; none when everything fits on one. */
export function answerPage(
  request: EndpointRequest,
  path: string,
  options: { items: readonly unknown[]; total: number; page: Page },
): EndpointAnswer {
  const { number, perPage } = options.page
  const last = Math.max(1, Math.ceil(options.total / perPage))
  const link = (page: number, relation: string): string => {
    const query = new URLSearchParams(request.query)
    query.set('page', String(page))
    return `<${request.apiUrl}${path}?${query}>; rel="${relation}"`
  }
  const links = [
    ...(number > 1 ? [link(number - 1, 'prev')] : []),
    ...(number < last ? [link(number + 1, 'next'), link(last, 'last')] : []),
    ...(number > 1 ? [link(1, 'first')] : []),
  ]
  return { status: 200, body: options.items, headers: links.length > 0 ? { link: links.join(', ') } : {} }
}
