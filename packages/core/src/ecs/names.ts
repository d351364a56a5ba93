/** The last part of an ARN: `web:7`, `service/web` becomes `web`. What is no ARN stays as it is. */
export function shortName(arn: string | undefined): string {
  if (arn === undefined) return 'nothing'
  return arn.startsWith('arn:') ? arn.slice(arn.lastIndexOf('/') + 1) : arn
}

/** As many as one sentence takes. */
const MOST = 5

/** The first few of a list, and how many more there are: the table has all of them. */
export function listSome(items: readonly string[], separator = ', '): string {
  const rest = items.length - MOST
  return rest <= 1 ? items.join(separator) : [...items.slice(0, MOST), `and ${rest} more`].join(separator)
}
