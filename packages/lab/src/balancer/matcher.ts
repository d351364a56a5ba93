/**
 * Which HTTP codes a health check accepts, as a target group's matcher writes them: `200`, `200,202`, `200-299`.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
 * @throws Error for anything else
 */
export function parseMatcher(text: string): (status: number) => boolean {
  const ranges = text.split(',').map((part) => {
    const match = /^\s*(\d{3})(?:-(\d{3}))?\s*$/.exec(part)
    if (match === null)
      throw new Error(`matcher ${JSON.stringify(text)} is not a list of codes and ranges like 200-299`)
    return { from: Number(match[1]), to: Number(match[2] ?? match[1]) }
  })
  return (status) => ranges.some(({ from, to }) => from <= status && status <= to)
}
