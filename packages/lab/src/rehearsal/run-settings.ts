import { randomBytes } from 'node:crypto'
import { machineVariables } from './machine-environment.ts'
import type { RunSettings } from './run.ts'
import type { RunOptions } from './run-options.ts'

/** Variables of a lab's environment that say something to the runner, and not to the steps. */
const forRunner = [
  ...['ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_URL'],
  ...['GITHUB_API_URL', 'GITHUB_REPOSITORY', 'GITHUB_SERVER_URL', 'GITHUB_TOKEN'],
]
const secretVariables = ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']

export function readSettings(options: RunOptions, now: Date): RunSettings {
  const environment = options.environment ?? {}
  const labVariables = Object.fromEntries(Object.entries(environment).filter(([name]) => !forRunner.includes(name)))
  const token = environment.GITHUB_TOKEN ?? `ghs_${randomBytes(18).toString('hex')}`
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: idToken } = environment
  const secretValues = secretVariables.flatMap((name) => environment[name] ?? [])
  return {
    runId: options.runId ?? String(now.getTime()),
    cancelGraceMs: options.cancelGraceMs,
    actor: 'rehearsal',
    apiUrl: environment.GITHUB_API_URL ?? 'https://api.github.com',
    serverUrl: environment.GITHUB_SERVER_URL ?? 'https://github.com',
    token,
    idToken: url === undefined || idToken === undefined ? undefined : { url, token: idToken },
    labVariables,
    machineVariables: machineVariables(),
    secrets: { ...options.secrets, GITHUB_TOKEN: options.secrets?.GITHUB_TOKEN ?? token },
    vars: { ...labVars(labVariables), ...options.vars },
    masked: [token, ...secretValues, ...(idToken === undefined ? [] : [idToken])],
  }
}

/** What a team would keep in its configuration variables: where things are. */
function labVars(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => name.startsWith('LAB_') || name === 'AWS_REGION'),
  )
}
