import type { Credentials } from './callers.ts'
import { GatewayError } from './gateway-error.ts'
import { type AccessRequest, evaluatePolicy, type IamPolicy, parsePolicy } from './iam-policy.ts'
import { parseTrustPolicy, type TrustPolicy, trusts, type WebIdentity } from './trust-policy.ts'

/** The IAM policies of a lab's callers and roles. Who has none may do everything; a role without one trusts every job. */
export class Policies {
  readonly #byPrincipal = new Map<string, IamPolicy>()
  readonly #trustByRole = new Map<string, TrustPolicy>()

  /**
   * @param principal an access key id, a user's ARN or a role's ARN
   * @throws Error when the document is not a policy that the lab can evaluate
   */
  put(principal: string, document: unknown): void {
    this.#byPrincipal.set(principal, parsePolicy(document))
  }

  remove(principal: string): void {
    this.#byPrincipal.delete(principal)
  }

  /** @throws Error when the document is not a trust policy that the lab can evaluate */
  putTrust(roleArn: string, document: unknown): void {
    this.#trustByRole.set(roleArn, parseTrustPolicy(document))
  }

  isTrusted(roleArn: string, identity: WebIdentity): boolean {
    const policy = this.#trustByRole.get(roleArn)
    return policy === undefined || trusts(policy, identity)
  }

  isRestricted(caller: Credentials): boolean {
    return this.#of(caller) !== undefined
  }

  /** @throws GatewayError AccessDeniedException in the words of AWS */
  check(caller: Credentials, request: AccessRequest): void {
    const policy = this.#of(caller)
    if (policy === undefined) return
    const decision = evaluatePolicy(policy, request)
    if (decision === 'allowed') return
    const reason =
      decision === 'explicitDeny'
        ? 'with an explicit deny in an identity-based policy'
        : `because no identity-based policy allows the ${request.action} action`
    throw new GatewayError(
      'AccessDeniedException',
      `User: ${caller.arn} is not authorized to perform: ${request.action} on resource: ${request.resource} ${reason}`,
    )
  }

  #of(caller: Credentials): IamPolicy | undefined {
    return (
      this.#byPrincipal.get(caller.accessKeyId) ??
      this.#byPrincipal.get(caller.arn) ??
      this.#byPrincipal.get(caller.roleArn ?? '')
    )
  }
}
