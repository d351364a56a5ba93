import * as v from 'valibot'
import { invalidParameter } from './input.ts'

/** (DeploymentLifecycleHook, lifecycleStages) */
const hookStages = [
  'RECONCILE_SERVICE',
  'PRE_SCALE_UP',
  'POST_SCALE_UP',
  'TEST_TRAFFIC_SHIFT',
  'POST_TEST_TRAFFIC_SHIFT',
  'PRE_PRODUCTION_TRAFFIC_SHIFT',
  'PRODUCTION_TRAFFIC_SHIFT',
  'POST_PRODUCTION_TRAFFIC_SHIFT',
] as const

/** (ServiceDeployment, lifecycleStage) */
export type LifecycleStage = (typeof hookStages)[number] | 'SCALE_UP' | 'BAKE_TIME' | 'CLEAN_UP'

const hook = v.looseObject({
  targetType: v.optional(v.picklist(['AWS_LAMBDA', 'PAUSE']), 'AWS_LAMBDA'),
  hookTargetArn: v.optional(v.string()),
  roleArn: v.optional(v.string()),
  lifecycleStages: v.optional(v.array(v.picklist(hookStages)), []),
  timeoutConfiguration: v.optional(
    v.looseObject({
      /** "Default: 1,440 minutes (24 hours). 1 - 20,160 (14 days)" (Pause hooks for Amazon ECS service deployments) */
      timeoutInMinutes: v.optional(
        v.pipe(v.number(), v.integer(), v.minValue(1, 'at least 1'), v.maxValue(20_160, 'at most 20160')),
      ),
      action: v.optional(v.picklist(['ROLLBACK', 'CONTINUE'])),
    }),
  ),
})

export const lifecycleHooksMember = v.optional(v.array(hook))

export type LifecycleHook = v.InferOutput<typeof hook>

/** "You can configure a maximum of 10 pause hooks and 10 Lambda hooks per service." @throws AwsError */
export function checkHooks(hooks: readonly LifecycleHook[]): void {
  if (hooks.length > 10) throw invalidParameter('A service can have at most 10 pause hooks.')
  for (const { targetType, hookTargetArn, roleArn, lifecycleStages } of hooks) {
    if (targetType !== 'PAUSE') {
      throw invalidParameter('The lab has no Lambda functions: a lifecycle hook here has the targetType PAUSE.')
    }
    // "Pause hooks do not use hookTargetArn or roleArn."
    if (hookTargetArn !== undefined || roleArn !== undefined) {
      throw invalidParameter('A lifecycle hook of type PAUSE has no hookTargetArn and no roleArn.')
    }
    if (lifecycleStages.length === 0) throw invalidParameter('A lifecycle hook must have lifecycleStages.')
    const moving = lifecycleStages.find(
      (stage) => stage === 'TEST_TRAFFIC_SHIFT' || stage === 'PRODUCTION_TRAFFIC_SHIFT',
    )
    if (moving !== undefined) throw invalidParameter(`PAUSE hooks cannot be configured at the ${moving} stage.`)
  }
}

export type HookStatus = 'AWAITING_ACTION' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT'

/** One pause of one deployment: "Amazon ECS generates a unique hookId for the pause hook." */
export class PauseHook {
  readonly id: string
  readonly expiresAt: Date
  readonly timeoutAction: 'ROLLBACK' | 'CONTINUE'
  status: HookStatus = 'AWAITING_ACTION'

  /** @param minuteMs how long a minute is in this lab */
  constructor(id: string, { timeoutConfiguration }: LifecycleHook, minuteMs: number) {
    this.id = id
    this.expiresAt = new Date(Date.now() + (timeoutConfiguration?.timeoutInMinutes ?? 1440) * minuteMs)
    this.timeoutAction = timeoutConfiguration?.action ?? 'ROLLBACK'
  }

  /** True when the deployment may go on as far as this hook is concerned. */
  get passed(): boolean {
    return this.status === 'SUCCEEDED' || (this.status === 'TIMED_OUT' && this.timeoutAction === 'CONTINUE')
  }

  /** True when it has just timed out. */
  expire(): boolean {
    if (this.status !== 'AWAITING_ACTION' || Date.now() < this.expiresAt.getTime()) return false
    this.status = 'TIMED_OUT'
    return true
  }

  describe() {
    const { id: hookId, status, expiresAt, timeoutAction } = this
    return { hookId, targetType: 'PAUSE', status, expiresAt, timeoutAction }
  }
}
