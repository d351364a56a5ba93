/**
 * Stands in for the AWS CLI, which is not on every machine: `aws rds <operation> --option value…`, also `--query` with a
 * plain path, `--output json` or `text`, and `wait db-…-available`.
 */
import * as sdk from '@aws-sdk/client-rds'

type Input = Record<string, string | string[] | boolean>
// biome-ignore lint/suspicious/noExplicitAny: the command is found by its name at run time.
type Command = any

const [service, ...words] = process.argv.slice(2)
if (service !== 'rds') throw new Error(`The stand-in for the AWS CLI has no ${service}`)
const isWait = words[0] === 'wait'
const operation = words[isWait ? 1 : 0] ?? ''
const { region, query, output, ...input } = readOptions(words.slice(isWait ? 2 : 1))
const client = new sdk.RDSClient(typeof region === 'string' ? { region } : {})

if (isWait) await wait(operation.replace(/-available$/, ''))
else print(await send(operation))

async function wait(resource: string): Promise<void> {
  while (true) {
    const [described] = Object.values(await send(`describe-${resource}s`)).find(Array.isArray) ?? []
    const { DBInstanceStatus, Status } = described as { DBInstanceStatus?: string; Status?: string }
    if ((DBInstanceStatus ?? Status) === 'available') return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function send(name: string): Promise<Record<string, unknown>> {
  const wanted = `${name.replaceAll('-', '')}command`
  const [, Command] = Object.entries(sdk).find(([key]) => key.toLowerCase() === wanted) ?? []
  if (Command === undefined) throw new Error(`The stand-in for the AWS CLI has no rds ${name}`)
  const { $metadata: _, ...answer } = await client.send(new (Command as Command)(input))
  return answer
}

function print(answer: Record<string, unknown>): void {
  const path = typeof query === 'string' ? query.split(/[.[\]]+/).filter((part) => part !== '') : []
  const found = path.reduce<unknown>((value, part) => (value as Record<string, unknown>)[part], answer)
  console.log(output === 'text' ? String(found) : JSON.stringify(found, undefined, 4))
}

/** `--db-instance-class x` is DBInstanceClass, `--no-multi-az` is MultiAZ without, `--…-ids a b` is a list. */
function readOptions(given: readonly string[]): Input {
  const options: Input = {}
  for (let at = 0; at < given.length; ) {
    const option = given[at] ?? ''
    if (!option.startsWith('--')) throw new Error(`${option} is not an option`)
    at += 1
    const values: string[] = []
    while (at < given.length && !given[at]?.startsWith('--')) values.push(given[at++] ?? '')
    const name = memberName(option.replace(/^--(no-)?/, ''))
    if (values.length === 0) options[name] = !option.startsWith('--no-')
    else options[name] = name.endsWith('Ids') ? values : values.join(' ')
  }
  return options
}

function memberName(option: string): string {
  if (['region', 'query', 'output'].includes(option)) return option
  const acronyms: Readonly<Record<string, string>> = { db: 'DB', az: 'AZ' }
  const parts = option.split('-').map((part) => acronyms[part] ?? `${part.charAt(0).toUpperCase()}${part.slice(1)}`)
  return parts.join('')
}
