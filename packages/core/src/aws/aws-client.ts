import type { ActionContext } from '../action.ts'
import { ActionError } from '../errors.ts'
import type { InputProblem } from '../inputs.ts'
import type { AwsInputs } from './aws-inputs.ts'
import { type CredentialProvider, createWebIdentityProvider } from './web-identity.ts'

/** What every SDK client is made with. Retries are ours (AwsCaller), so the SDK makes one attempt. */
export interface AwsClientConfig {
  readonly region: string
  readonly maxAttempts: 1
  readonly credentials?: CredentialProvider
}

/** For the inputs of an action that cannot do without AWS: says when there is no region anywhere. */
export async function checkRegion(
  { awsRegion }: Partial<AwsInputs>,
  environment: ActionContext['environment'],
): Promise<readonly InputProblem[]> {
  if ((await findRegion(awsRegion, environment)) !== undefined) return []
  const message =
    'is required, because neither AWS_REGION nor AWS_DEFAULT_REGION is set and no profile has a region; or run aws-actions/configure-aws-credentials before this step'
  return [{ inputs: ['aws-region'], message }]
}

/** The region of the input, else of the SDK's own chain. */
export async function findRegion(
  given: string | undefined,
  { AWS_REGION, AWS_DEFAULT_REGION }: ActionContext['environment'],
): Promise<string | undefined> {
  return given || AWS_REGION || AWS_DEFAULT_REGION || (await regionOfProfile())
}

/**
 * Region and credentials: from the inputs, else from the SDK's own chain. AWS_ENDPOINT_URL… is read by the SDK itself.
 * One configuration serves all clients of a step, so that a role is assumed once.
 *
 * @throws {ActionError} bad-input when there is no region anywhere
 */
export async function createAwsClientConfig(inputs: AwsInputs, context: ActionContext): Promise<AwsClientConfig> {
  const region = await findRegion(inputs.awsRegion, context.environment)
  if (region === undefined) {
    throw new ActionError(
      'bad-input',
      'aws-region: is not given, neither AWS_REGION nor AWS_DEFAULT_REGION is set, and no profile has a region',
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

/** What the SDK's own chain finds in the shared configuration files (AWS_PROFILE, AWS_CONFIG_FILE), if anything. */
async function regionOfProfile(): Promise<string | undefined> {
  const { STSClient } = await import('@aws-sdk/client-sts')
  // It rejects when there is none.
  return await new STSClient({}).config.region().catch(() => undefined)
}
