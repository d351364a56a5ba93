import type { ActionContext } from '../action.ts'
import { ActionError } from '../errors.ts'
import type { AwsInputs } from './aws-inputs.ts'
import { type CredentialProvider, createWebIdentityProvider } from './web-identity.ts'

/** What every SDK client is made with. Retries are ours (AwsCaller), so the SDK makes one attempt. */
export interface AwsClientConfig {
  readonly region: string
  readonly maxAttempts: 1
  readonly credentials?: CredentialProvider
}

/**
 * Region and credentials: from the inputs, else from the SDK's own chain. AWS_ENDPOINT_URL… is read by the SDK itself.
 * One configuration serves all clients of a step, so that a role is assumed once.
 *
 * @throws {ActionError} bad-input when there is no region anywhere
 */
export function createAwsClientConfig(inputs: AwsInputs, context: ActionContext): AwsClientConfig {
  const { environment } = context
  const region = inputs.awsRegion ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? ''
  if (region === '') {
    throw new ActionError(
      'bad-input',
      'aws-region: is not given, and neither AWS_REGION nor AWS_DEFAULT_REGION is set',
      {
        advice:
          'Set aws-region, or run aws-actions/configure-aws-credentials before this step. Nothing was sent or changed.',
      },
    )
  }
  const config = { region, maxAttempts: 1 as const }
  if (inputs.roleToAssume === undefined) return config
  const sessionName = inputs.roleSessionName ?? `deploy-kit-${context.run.runId || 'local'}`
  return {
    ...config,
    credentials: createWebIdentityProvider({ roleArn: inputs.roleToAssume, sessionName, region }, context),
  }
}
