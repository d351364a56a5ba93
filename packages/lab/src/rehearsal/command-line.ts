import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export const usage = `Usage: npx --yes pnpm@12 rehearse [<workflow file>] [options]

Without a file, plays the three scenes of the example. With one, runs it against a lab of its own.

  --event <name>             the event; default: push to the default branch, else the first that the file names
  --ref <refs/…>             the branch or tag of the event
  --input <NAME=value>       an input of workflow_dispatch (or workflow_call); any number of times
  --secret <NAME=value>      a secret; any number of times
  --var <NAME=value>         a configuration variable; any number of times
  --action <owner/name=dir>  takes an action from a local folder; any number of times
  --actions-from <git dir>   takes deploy-kit's actions, and its deploy.yml, from a repository with releases, at the ref
                             that a step or a job names
  --skip-action <owner/name> leaves an action out: its steps succeed and do nothing; any number of times
  --world <file>             what the lab begins with; default: the world of the example`

export interface RehearseArguments {
  /** Undefined: the scenes of the example. */
  readonly workflowFile: string | undefined
  readonly event: string | undefined
  readonly ref: string | undefined
  readonly inputs: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly vars: Readonly<Record<string, string>>
  readonly actionFolders: Readonly<Record<string, string>>
  /** A git repository with releases of deploy-kit. */
  readonly actionsFrom: string | undefined
  readonly skippedActions: readonly string[]
  readonly world: string | undefined
  readonly isHelpAsked: boolean
}

const text = { type: 'string' } as const
const texts = { type: 'string', multiple: true, default: [] as string[] } as const

/**
 * @param directory what paths are relative to: where the user typed the command
 * @throws Error that says which argument is wrong
 */
export function readArguments(args: readonly string[], directory: string): RehearseArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      event: text,
      ref: text,
      world: text,
      input: texts,
      secret: texts,
      var: texts,
      action: texts,
      'actions-from': text,
      'skip-action': texts,
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [workflowFile, ...others] = positionals
  if (others.length > 0)
    throw new Error(`One workflow file can be rehearsed at a time; ${others.join(', ')} is too many`)
  if (workflowFile === undefined) refuseWithoutFile(values)
  if (values.ref !== undefined && !/^refs\/(heads|tags|pull)\/./.test(values.ref))
    throw new Error(`--ref ${values.ref} is no full ref; write refs/heads/${values.ref} or refs/tags/${values.ref}`)
  const folders = pairs('action', values.action)
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolve(directory, path))
  return {
    workflowFile: workflowFile === undefined ? undefined : resolve(directory, workflowFile),
    event: values.event,
    ref: values.ref,
    inputs: pairs('input', values.input),
    secrets: settings('secret', values.secret),
    vars: settings('var', values.var),
    actionFolders: Object.fromEntries(Object.entries(folders).map(([name, path]) => [name, resolve(directory, path)])),
    actionsFrom: absolute(values['actions-from']),
    skippedActions: values['skip-action'],
    world: absolute(values.world),
    isHelpAsked: values.help,
  }
}

/** The scenes are what they are: an option that changed nothing would mislead. */
function refuseWithoutFile({ help: _, ...values }: Readonly<Record<string, unknown>>): void {
  const given = Object.entries(values).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : value !== undefined,
  )
  const [first] = given
  if (first !== undefined) throw new Error(`--${first[0]} is for a workflow file of your own; name the file as well`)
}

/**
 * Secrets and configuration variables have the names that GitHub lets them have.
 * @see https://docs.github.com/actions/reference/security/secrets#naming-your-secrets
 */
function settings(option: string, given: readonly string[]): Record<string, string> {
  const values = pairs(option, given)
  for (const name of Object.keys(values)) {
    if (/^github_/i.test(name))
      throw new Error(
        `--${option} ${name}: names that begin with GITHUB_ are GitHub's own; each job has its GITHUB_TOKEN`,
      )
    if (!/^[A-Za-z_]\w*$/.test(name))
      throw new Error(`--${option} ${name}: a name is letters, digits and _, and does not begin with a digit`)
  }
  return values
}

/** The value is everything after the first `=`. */
function pairs(option: string, given: readonly string[]): Record<string, string> {
  const entries = given.map((pair) => {
    const at = pair.indexOf('=')
    if (at <= 0)
      throw new Error(`--${option} ${pair} has to be ${option === 'action' ? 'owner/name=folder' : 'NAME=value'}`)
    return [pair.slice(0, at), pair.slice(at + 1)] as const
  })
  return Object.fromEntries(entries)
}
