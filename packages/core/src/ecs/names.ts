/** The last part of an ARN: `web:7`, `service/web` becomes `web`. What is no ARN stays as it is. */
export function shortName(arn: string | undefined): string {
  if (arn === undefined) return 'nothing'
  return arn.startsWith('arn:') ? arn.slice(arn.lastIndexOf('/') + 1) : arn
}
