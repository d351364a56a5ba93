import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve, sep } from 'node:path'
import { messageOf } from '@deploy-kit/core/errors'
import { parse as parseYaml } from 'yaml'
import { type ForeignConfig, readPerFile, readSizeLimit } from './foreign-config.ts'
import { fields } from './inputs.ts'

/** What a configuration file says: inputs by name, or another tool's lines. */
export type ConfigFile =
  | { readonly kind: 'own'; readonly inputs: Readonly<Record<string, string>> }
  | ({ readonly kind: 'foreign' } & ForeignConfig)

/** Keys of ours that a file cannot set: itself, and a secret that has no place in a repository. */
const NOT_IN_A_FILE = ['config', 'github-token']

/**
 * Reads a file with our own keys, or a configuration of size-limit, bundlewatch or bundlesize.
 *
 * @param shown the path as the workflow gave it, relative to the workspace
 * @throws {RangeError} a sentence's end: that it cannot be read, is neither JSON nor YAML, or says what cannot be honoured
 */
export async function readConfigFile(shown: string, workspace: string): Promise<ConfigFile> {
  const path = resolve(workspace, shown)
  const folder = relative(workspace, dirname(path)).split(sep).join('/')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new RangeError(`cannot be read: ${messageOf(error)}`)
  }
  return interpret(parseText(text), folder)
}

function parseText(text: string): unknown {
  try {
    return parseYaml(text, { maxAliasCount: 100 })
  } catch (error) {
    throw new RangeError(`is neither JSON nor YAML: ${messageOf(error).split('\n')[0]}`)
  }
}

function interpret(data: unknown, folder: string): ConfigFile {
  if (Array.isArray(data)) return { kind: 'foreign', ...readSizeLimit(data, folder) }
  if (typeof data !== 'object' || data === null) throw new RangeError('holds no keys')
  const tools = (['size-limit', 'bundlewatch', 'bundlesize'] as const).filter((tool) => tool in data)
  if (tools.length > 1) throw new RangeError(`configures ${tools.join(' and ')}; leave one of them`)
  const [tool] = tools
  // In package.json each tool has a key of its own.
  const own = tool === undefined ? data : (data as Record<string, unknown>)[tool]
  if (tool === 'size-limit') return { kind: 'foreign', ...readSizeLimit(own, folder) }
  if (tool !== undefined) return { kind: 'foreign', ...readPerFile(own, tool) }
  if (looksPerFile(data))
    return { kind: 'foreign', ...readPerFile(data, isBundlewatch(data) ? 'bundlewatch' : 'bundlesize') }
  return { kind: 'own', inputs: readOwn(data) }
}

function looksPerFile(data: object): boolean {
  const files = 'files' in data ? data.files : undefined
  return Array.isArray(files) && files.some((file) => typeof file === 'object' && file !== null && 'path' in file)
}

function isBundlewatch(data: object): boolean {
  return ['ci', 'bundlewatchServiceHost', 'defaultCompression', 'normalizeFilenames'].some((key) => key in data)
}

/** Our own keys as the texts that a workflow would have given, to be read by the same rules. */
function readOwn(data: object): Record<string, string> {
  const problems: string[] = []
  const inputs: Record<string, string> = {}
  for (const [key, value] of Object.entries(data)) {
    if (NOT_IN_A_FILE.includes(key)) problems.push(`${key} cannot be set in a file`)
    else if (!(key in fields)) problems.push(`${key} is not an input of this action`)
    else if (isScalar(value)) inputs[key] = String(value)
    else if (Array.isArray(value) && value.every(isScalar)) inputs[key] = value.map(String).join('\n')
    else if (value !== null) problems.push(`${key} has to be text, a number, a boolean or a list of these`)
  }
  if (problems.length > 0) throw new RangeError(problems.join('; '))
  return inputs
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
