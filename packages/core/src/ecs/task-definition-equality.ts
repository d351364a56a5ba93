import { isDeepStrictEqual } from 'node:util'
import type { TaskDefinitionInput } from './task-definition.ts'
import type { JsonObject } from './wire-json.ts'

/** Lists that mean the same in any order, with the member that tells their items apart. */
const UNORDERED: Readonly<Record<string, string | undefined>> = {
  environment: 'name',
  secrets: 'name',
  tags: 'key',
  requiresCompatibilities: '',
  portMappings: 'containerPort',
  ulimits: 'name',
}

/** Values that ECS fills in when a container or a port mapping does not say (ECS API, ContainerDefinition and PortMapping). */
const FILLED_IN: Readonly<Record<string, unknown>> = { essential: true, protocol: 'tcp' }

/** Whether registering `a` and `b` would make revisions that are the same in everything but their number. */
export function isSameTaskDefinition(a: TaskDefinitionInput, b: TaskDefinitionInput): boolean {
  return isDeepStrictEqual(normalise(a), normalise(b))
}

/** The names of the members in which `a` and `b` differ, but for the containers. */
export function listDifferentMembers(a: TaskDefinitionInput, b: TaskDefinitionInput): readonly string[] {
  return differentNames({ ...normalise(a), containerDefinitions: [] }, { ...normalise(b), containerDefinitions: [] })
}

/** The names of the members in which one container of `a` and that of `b` differ; empty where one has no such container. */
export function listDifferentContainerMembers(
  a: TaskDefinitionInput,
  b: TaskDefinitionInput,
  container: string,
): readonly string[] {
  const [before, after] = [a, b].map((definition) =>
    (normalise(definition).containerDefinitions as readonly JsonObject[]).find(({ name }) => name === container),
  )
  return before === undefined || after === undefined ? [] : differentNames(before, after)
}

function differentNames(a: JsonObject, b: JsonObject): readonly string[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].filter((name) => !isDeepStrictEqual(a[name], b[name]))
}

/** ECS answers with defaults filled in and with empty lists for what is not there; both are left out on both sides. */
function normalise(definition: TaskDefinitionInput): JsonObject {
  const { cpu, memory, containerDefinitions, ...others } = definition
  const awsvpc = others.networkMode === 'awsvpc' || others.networkMode === 'host'
  return prune({
    ...others,
    cpu: inUnits(cpu, /^([\d.]+) ?vcpus?$/i),
    memory: inUnits(memory, /^([\d.]+) ?gb$/i),
    containerDefinitions: containerDefinitions.map((container) => ({
      ...container,
      ...(container.cpu === 0 && { cpu: undefined }),
      portMappings: ((container.portMappings ?? []) as readonly JsonObject[]).map((mapping) =>
        // Both modes give the task's own ports, so that the host's port is the container's.
        (awsvpc && mapping.hostPort === mapping.containerPort) || mapping.hostPort === 0
          ? { ...mapping, hostPort: undefined }
          : mapping,
      ),
    })),
  }) as JsonObject
}

/** `.25 vCPU` is registered as 256, `1 GB` as 1024. */
function inUnits(value: unknown, pattern: RegExp): string | undefined {
  if (value === undefined || value === null) return undefined
  const match = pattern.exec(String(value).trim())
  return match ? String(Number(match[1]) * 1024) : String(value).trim()
}

function prune(value: unknown, member = ''): unknown {
  if (Array.isArray(value))
    return sortIfUnordered(
      member,
      value.map((item) => prune(item)),
    )
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value)
    .filter(([name, item]) => !isAbsent(item) && FILLED_IN[name] !== item)
    .map(([name, item]) => [name, prune(item, name)] as const)
  return Object.fromEntries(kept)
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

function sortIfUnordered(member: string, items: readonly unknown[]): readonly unknown[] {
  const key = UNORDERED[member]
  if (key === undefined) return items
  const keyOf = (item: unknown): string => String(key === '' ? item : (item as JsonObject)[key])
  return items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0))
}
