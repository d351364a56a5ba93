import { AwsError } from '../service.ts'

/**
 * Terms of an unstructured filter pattern: all of them, any of those with `?`, none of those with `-`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 * @throws AwsError InvalidParameterException for patterns over JSON and columns, which the lab does not have
 */
export function parseFilterPattern(pattern: string): (message: string) => boolean {
  if (/^\s*[{[%]/.test(pattern)) {
    throw new AwsError('InvalidParameterException', `The lab filters by terms only, not by the pattern ${pattern}`)
  }
  const terms = [...pattern.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(([, sign = '', quoted, plain]) => ({
    sign,
    text: quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '',
  }))
  const texts = (sign: string) => terms.filter((term) => term.sign === sign).map((term) => term.text)
  const [all, any, none] = [texts(''), texts('?'), texts('-')]
  return (message) =>
    all.every((text) => message.includes(text)) &&
    (any.length === 0 || any.some((text) => message.includes(text))) &&
    !none.some((text) => message.includes(text))
}
