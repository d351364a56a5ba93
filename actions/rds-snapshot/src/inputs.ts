import type { ActionContext } from '@deploy-kit/core/action'
import { checkRegion, findRegion } from '@deploy-kit/core/aws/aws-client'
import { awsFields } from '@deploy-kit/core/aws/aws-inputs'
import { boolean, duration, integer, optional, pairs, text } from '@deploy-kit/core/input-fields'
import type { InputProblem, InputsOf } from '@deploy-kit/core/inputs'
import { RESERVED_PREFIXES } from './rds-tags.ts'
import { identifierProblem } from './snapshot-name.ts'

const databaseIdentifier = text((given) =>
  /^[A-Za-z](-?[A-Za-z0-9])*$/.test(given) && given.length <= 63
    ? undefined
    : `'${given}' is not an identifier of a database; it begins with a letter and holds up to 63 letters, digits and single hyphens`,
)

const region = awsFields['aws-region']

export const fields = {
  'db-instance-identifier': optional(databaseIdentifier),
  'db-cluster-identifier': optional(databaseIdentifier),
  'snapshot-identifier': optional(text((given) => identifierProblem(given))),
  'snapshot-prefix': text((given) => identifierProblem(given)),
  wait: boolean(),
  timeout: duration({ minMs: 1 }),
  interval: duration({ minMs: 1 }),
  'wait-for-available': duration(),
  tags: tagPairs(),
  'retention-count': optional(integer({ min: 1, max: 10_000 })),
  'retention-days': optional(integer({ min: 1, max: 36_500 })),
  'copy-to-region': region,
  'kms-key-id': optional(
    text((given) =>
      /^(arn:aws[a-z-]*:kms:\S+|alias\/[\w/-]+|(mrk-)?[0-9a-f-]{32,36})$/.test(given)
        ? undefined
        : `'${given}' is not a KMS key; write its ID, its ARN or alias/<name>`,
    ),
  ),
  'dry-run': boolean(),
  ...awsFields,
}

export type Inputs = InputsOf<typeof fields>

/** Refuses what cannot go together, naming every input that is part of it. */
export function checkTogether(inputs: Partial<Inputs>): readonly InputProblem[] {
  const problems: InputProblem[] = []
  const report = (names: readonly string[], message: string): number => problems.push({ inputs: names, message })
  const { dbInstanceIdentifier: instance, dbClusterIdentifier: cluster } = inputs
  const databases = ['db-instance-identifier', 'db-cluster-identifier']
  if (instance === undefined && cluster === undefined) report(databases, 'one of them is required')
  if (instance !== undefined && cluster !== undefined)
    report(databases, `give one, not both ('${instance}' and '${cluster}')`)
  if (cluster !== undefined && inputs.snapshotIdentifier !== undefined) {
    const problem = identifierProblem(inputs.snapshotIdentifier, 63)
    if (problem !== undefined)
      report(['snapshot-identifier', 'db-cluster-identifier'], `${problem}, the limit for a cluster`)
  }
  if (inputs.wait === false) {
    const pruning = (['retention-count', 'retention-days'] as const).filter(
      (name) => inputs[name === 'retention-count' ? 'retentionCount' : 'retentionDays'] !== undefined,
    )
    if (pruning.length > 0)
      report(['wait', ...pruning], 'older snapshots are deleted only after the new one is available; set wait to true')
  }
  if (inputs.kmsKeyId !== undefined && inputs.copyToRegion === undefined) {
    report(['kms-key-id', 'copy-to-region'], 'the key is for the copy, and no region to copy to is given')
  }
  const { kmsKeyId: key, copyToRegion: region } = inputs
  const keyRegion = /^arn:[^:]+:kms:([^:]+):/.exec(key ?? '')?.[1]
  if (region !== undefined && keyRegion !== undefined && keyRegion !== region) {
    report(['kms-key-id', 'copy-to-region'], `the key is of ${keyRegion}; the copy needs one of ${region}`)
  }
  return problems
}

/** The region must be known, and a copy in the same one would have its original's name. */
export async function checkRegions(
  inputs: Partial<Inputs>,
  environment: ActionContext['environment'],
): Promise<readonly InputProblem[]> {
  const missing = await checkRegion(inputs, environment)
  if (missing.length > 0 || inputs.copyToRegion === undefined) return missing
  const region = await findRegion(inputs.awsRegion, environment)
  if (region !== inputs.copyToRegion) return []
  return [
    {
      inputs: ['aws-region', 'copy-to-region'],
      message: `${region} is the region that the database is in; give another one for the copy, or none`,
    },
  ]
}

/** AWS's limits on tags ("Tagging Amazon RDS resources"): keys of 128 and values of 256 characters, 50 in all. */
function tagPairs(): ReturnType<typeof pairs> {
  const field = pairs('=', 'key=value')
  return {
    ...field,
    parse: (given) => {
      const tags = field.parse(given)
      if (tags.length > 46)
        throw new RangeError(`${tags.length} tags are too many; AWS allows 50, four of which are ours`)
      for (const [key, value] of tags) {
        const reserved = RESERVED_PREFIXES.find((prefix) => key.toLowerCase().startsWith(prefix))
        if (reserved !== undefined) throw new RangeError(`'${key}' begins with ${reserved}, which is reserved`)
        if (key.length > 128) throw new RangeError(`'${key.slice(0, 20)}…' is longer than the 128 characters of a key`)
        if (value.length > 256) throw new RangeError(`the value of '${key}' is longer than 256 characters`)
        if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + value)) {
          throw new RangeError(
            `'${key}=${value}' holds a character that RDS does not allow in tags; letters, digits, blanks and _.:/=+-@ are`,
          )
        }
      }
      return tags
    },
  }
}
