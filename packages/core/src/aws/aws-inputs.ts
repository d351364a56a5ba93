import { optional, text } from '../input-fields.ts'

/** The inputs that every action on AWS has. */
export const awsFields = {
  'aws-region': optional(
    text((given) =>
      /^[a-z]{2,4}(-[a-z]+)+-\d+$/.test(given)
        ? undefined
        : `'${given}' is not a region; write one such as eu-central-1`,
    ),
  ),
  'role-to-assume': optional(
    text((given) =>
      /^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/.test(given)
        ? undefined
        : `'${given}' is not the ARN of a role; write arn:aws:iam::<account>:role/<name>`,
    ),
  ),
  'role-session-name': optional(
    // STS: AssumeRoleWithWebIdentity, RoleSessionName.
    text((given) =>
      /^[\w+=,.@-]{2,64}$/.test(given)
        ? undefined
        : `'${given}' is not a session name; it takes 2 to 64 letters, digits and +=,.@_-`,
    ),
  ),
}

/** The values of `awsFields`. */
export interface AwsInputs {
  readonly awsRegion: string | undefined
  readonly roleToAssume: string | undefined
  readonly roleSessionName: string | undefined
}
