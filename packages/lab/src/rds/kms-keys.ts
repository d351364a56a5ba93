import { AwsError } from '../service.ts'
import type { World } from '../world.ts'

/** The KMS keys that the account can use, by the four names that a key has. */
export class KmsKeys {
  readonly #accountId: string
  readonly #keys: World['kmsKeys']

  constructor(accountId: string, keys: World['kmsKeys']) {
    this.#accountId = accountId
    this.#keys = keys
  }

  /**
   * @param name key ARN, key id, alias ARN or alias name
   * @returns the key's ARN
   * @throws AwsError KMSKeyNotAccessibleFault, as for a key that is disabled or may not be used
   */
  find(name: string, region: string): string {
    const key = this.#inRegion(region).find(({ arn, alias }) => {
      const aliasNames = alias === undefined ? [] : [alias, arn.replace(/:key\/.*$/, `:${alias}`)]
      return [arn, arn.replace(/^.*:key\//, ''), ...aliasNames].includes(name)
    })
    if (key === undefined) {
      throw new AwsError(
        'KMSKeyNotAccessibleFault',
        `The target KMS key [${name}] does not exist, is not enabled or you do not have permissions to access it.`,
      )
    }
    return key.arn
  }

  #inRegion(region: string): World['kmsKeys'] {
    // The AWS managed key that each region has for RDS.
    const managed = `arn:aws:kms:${region}:${this.#accountId}:key/00000000-0000-4000-8000-000000000000`
    const own = this.#keys.filter(({ arn }) => arn.split(':')[3] === region)
    return [...own, { arn: managed, alias: 'alias/aws/rds' }]
  }
}
