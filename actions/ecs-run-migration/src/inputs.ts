import { awsFields } from '@deploy-kit/core/aws/aws-inputs'
import { boolean, choice, duration, list, optional, pairs, structured, text } from '@deploy-kit/core/input-fields'
import type { InputProblem, InputsOf } from '@deploy-kit/core/inputs'
import { pauseWithin } from '@deploy-kit/core/wait'
import * as v from 'valibot'
import { commandField } from './command.ts'
import { patternProblem } from './sql/sql-pattern.ts'

const capacityProviderStrategy = v.pipe(
  v.array(
    v.strictObject({
      capacityProvider: v.pipe(v.string(), v.nonEmpty('a capacity provider needs a name')),
      weight: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000))),
      base: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000))),
    }),
  ),
  v.minLength(1, 'at least one capacity provider is needed'),
  v.maxLength(20, 'AWS takes 20 capacity providers at the most'),
)

const identifiers = (prefix: string) =>
  list(
    text((given) =>
      given.startsWith(`${prefix}-`) && /^[a-z]+-[0-9a-zA-Z]+$/.test(given)
        ? undefined
        : `'${given}' is not of the form ${prefix}-0123456789abcdef0`,
    ),
    { commas: true },
  )

export const fields = {
  cluster: text(),
  service: optional(text()),
  'task-definition': optional(text()),
  container: optional(text()),
  image: optional(
    text((given) => (/\s/.test(given) ? `'${given}' holds a blank; an image is written repository:tag` : undefined)),
  ),
  command: optional(commandField()),
  environment: pairs('=', 'KEY=VALUE'),
  subnets: identifiers('subnet'),
  'security-groups': identifiers('sg'),
  'assign-public-ip': optional(boolean()),
  'launch-type': optional(choice('FARGATE', 'EC2', 'EXTERNAL')),
  'capacity-provider-strategy': optional(structured(capacityProviderStrategy)),
  'idempotency-key': optional(
    text((given) =>
      /[\r\n]/.test(given) ? 'is one line; a key of several lines is a mistake more often than not' : undefined,
    ),
  ),
  'on-forgotten': choice('run', 'refuse'),
  'on-cancel': choice('stop', 'detach'),
  'on-timeout': choice('stop', 'detach'),
  'start-timeout': duration({ minMs: 1 }),
  timeout: duration({ minMs: 1 }),
  interval: duration({ minMs: 1 }),
  logs: choice('stream', 'tail', 'none'),
  'require-snapshot': optional(
    text((given) =>
      /^(arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:(cluster-)?snapshot:)?((rds|awsbackup):)?[A-Za-z][A-Za-z0-9-]*$/.test(
        given,
      )
        ? undefined
        : `'${given}' is not the identifier or ARN of an RDS snapshot`,
    ),
  ),
  migrations: list(text(patternProblem)),
  'sql-dialect': choice('auto', 'postgresql', 'mysql', 'mssql', 'sqlite', 'oracle'),
  'allow-destructive': optional(boolean()),
  'dry-run': boolean(),
  ...awsFields,
}

export type Inputs = InputsOf<typeof fields>

/** ECS: RunTask, overrides: "A total of 8192 characters are allowed for overrides." */
const LONGEST_OVERRIDES = 8192

/** The pause between two looks at the task. */
export function pauseBetweenLooks({ interval, timeout, startTimeout }: Inputs): number {
  return pauseWithin(interval, timeout, startTimeout)
}

/** Refuses what cannot go together, naming every input that is part of it. */
export function checkTogether(inputs: Partial<Inputs>): readonly InputProblem[] {
  const problems: InputProblem[] = []
  const report = (names: readonly string[], message: string): number => problems.push({ inputs: names, message })
  if (inputs.service === undefined && inputs.taskDefinition === undefined) {
    report(['service', 'task-definition'], 'one of them is required: there is nothing to run')
  }
  if (inputs.launchType !== undefined && inputs.capacityProviderStrategy !== undefined) {
    report(['launch-type', 'capacity-provider-strategy'], 'give one, not both: ECS takes either')
  }
  const environment = (inputs.environment ?? []).map(([name, value]) => ({ name, value }))
  const overrides = JSON.stringify([{ name: inputs.container, command: inputs.command, environment }])
  if (overrides.length > LONGEST_OVERRIDES) {
    report(
      ['command', 'environment'],
      `together they are ${overrides.length} characters long; ECS takes ${LONGEST_OVERRIDES}`,
    )
  }
  return problems
}
