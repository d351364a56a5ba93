import type { ContainerDefinition } from './container-definition.ts'

/** What Secrets Manager and Parameter Store hold, by ARN; a parameter by its name too. */
export type HeldSecrets = Readonly<Record<string, string>>

export type ResolvedSecrets =
  | { readonly environment: Readonly<Record<string, string>> }
  /** Why the task cannot start. */
  | { readonly reason: string }

const unable =
  'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed:'
const retried = 'service call has been retried 1 time(s):'

/** The values of a container's secrets. (Pass sensitive data to an Amazon ECS container) */
export function resolveSecrets({ secrets = [] }: ContainerDefinition, held: HeldSecrets): ResolvedSecrets {
  const environment: Record<string, string> = {}
  for (const { name, valueFrom } of secrets) {
    const resolved = valueFrom.includes(':secretsmanager:')
      ? readSecret(valueFrom, held)
      : readParameter(valueFrom, held)
    if ('reason' in resolved) return { reason: `${unable} ${resolved.reason}` }
    environment[name] = resolved.value
  }
  return { environment }
}

type Read = { readonly value: string } | { readonly reason: string }

/** `arn:…:secret:name-AbCdEf`, or with `:json-key:version-stage:version-id` behind it; only the present version is there. */
function readSecret(valueFrom: string, held: HeldSecrets): Read {
  const parts = valueFrom.split(':')
  const [jsonKey = '', stage = '', version = ''] = parts.slice(7)
  const arn = parts.slice(0, 7).join(':')
  const value = (stage === '' || stage === 'AWSCURRENT') && version === '' ? held[arn] : undefined
  if (value === undefined) {
    return {
      reason: `unable to retrieve secret from asm: ${retried} failed to fetch secret ${valueFrom} from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.`,
    }
  }
  if (jsonKey === '') return { value }
  const member = readMember(value, jsonKey)
  if (member !== undefined) return { value: member }
  return {
    reason: `unable to retrieve secret from asm: ${retried} retrieved secret from Secrets Manager did not contain json key ${jsonKey}`,
  }
}

function readMember(json: string, key: string): string | undefined {
  try {
    const members: unknown = JSON.parse(json)
    if (typeof members !== 'object' || members === null || !Object.hasOwn(members, key)) return undefined
    const value = (members as Record<string, unknown>)[key]
    return typeof value === 'string' ? value : JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** "If the Systems Manager Parameter Store parameter exists in the same Region as the task you're launching, then you can
 * use either the full ARN or name of the parameter." (Secret, valueFrom) */
function readParameter(valueFrom: string, held: HeldSecrets): Read {
  const name = valueFrom.replace(/^arn:aws[\w-]*:ssm:[\w-]+:\d{12}:parameter/, '')
  const same = Object.keys(held).find(
    (key) => key === valueFrom || key === name || key.endsWith(`:parameter${slashed(name)}`),
  )
  if (same !== undefined) return { value: held[same]! }
  return { reason: `unable to retrieve secrets from ssm: ${retried} invalid ssm parameters: ${valueFrom}` }
}

function slashed(name: string): string {
  return name.startsWith('/') ? name : `/${name}`
}
