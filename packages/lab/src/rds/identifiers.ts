import { AwsError } from '../service.ts'

/**
 * A new name as RDS stores it: in lower case.
 * @throws AwsError InvalidParameterValue in the words of AWS
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html "Constraints"
 */
export function checkIdentifier(identifier: string, member: string, longest: number): string {
  if (!/^[a-z][a-z0-9-]*$/i.test(identifier) || identifier.endsWith('-') || identifier.includes('--')) {
    throw new AwsError(
      'InvalidParameterValue',
      `The parameter ${member} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.`,
    )
  }
  if (identifier.length > longest) {
    throw new AwsError(
      'InvalidParameterValue',
      `The parameter ${member} is not a valid identifier because it is longer than ${longest} characters.`,
    )
  }
  return identifier.toLowerCase()
}
