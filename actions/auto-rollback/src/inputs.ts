import type { ActionContext } from '@deploy-kit/core/action'
import { checkRegion } from '@deploy-kit/core/aws/aws-client'
import { awsFields } from '@deploy-kit/core/aws/aws-inputs'
import type { EcsBaseline } from '@deploy-kit/core/ecs/baseline'
import { shortName } from '@deploy-kit/core/ecs/names'
import {
  findServiceConflicts,
  parseServiceReference,
  type ServiceReference,
} from '@deploy-kit/core/ecs/service-reference'
import { messageOf } from '@deploy-kit/core/errors'
import { boolean, choice, duration, list, optional, text } from '@deploy-kit/core/input-fields'
import type { InputProblem, InputsOf } from '@deploy-kit/core/inputs'
import type { Target } from '@deploy-kit/core/probe/target'
import { parseTarget } from '@deploy-kit/core/probe/target'
import { parseCommandBaseline, parseEcsBaseline } from './saved-baseline.ts'

export const fields = {
  mode: choice('guard', 'rollback'),
  cluster: optional(text()),
  services: list({ parse: parseServiceReference }, { commas: true }),
  baseline: optional(text()),
  to: text(),
  'capture-command': optional(text()),
  'rollback-command': optional(text()),
  'verify-url': list<Target>({ parse: parseTarget }),
  'verify-timeout': optional(duration({ minMs: 1 })),
  persist: choice('none', 'tag'),
  timeout: duration({ minMs: 1 }),
  interval: duration({ minMs: 50 }),
  'fail-after-rollback': boolean(),
  'dry-run': boolean(),
  ...awsFields,
}

export type Inputs = InputsOf<typeof fields>

export function checkTogether(inputs: Partial<Inputs>): readonly InputProblem[] {
  return [
    ...(usesCommands(inputs) ? [...checkCommands(inputs), ...checkAws(inputs)] : checkEcs(inputs)),
    ...(inputs.mode === 'guard' ? checkGuard(inputs) : checkRollback(inputs)),
    ...checkBaseline(inputs),
    ...checkVerification(inputs),
  ]
}

function usesCommands({ captureCommand, rollbackCommand }: Partial<Inputs>): boolean {
  return captureCommand !== undefined || rollbackCommand !== undefined
}

/** ECS has to be asked in some region; commands need none. */
export async function checkEcsRegion(
  inputs: Partial<Inputs>,
  environment: ActionContext['environment'],
): Promise<readonly InputProblem[]> {
  return usesCommands(inputs) ? [] : await checkRegion(inputs, environment)
}

function checkCommands(inputs: Partial<Inputs>): InputProblem[] {
  const { mode, cluster, services = [], captureCommand, rollbackCommand, persist, baseline, to } = inputs
  const problems: InputProblem[] = []
  if (cluster !== undefined || services.length > 0) {
    problems.push({
      inputs: ['cluster', 'services', 'capture-command', 'rollback-command'],
      message: 'one step restores either ECS services or what commands say; use two steps for both',
    })
  }
  if (rollbackCommand === undefined) {
    problems.push({ inputs: ['rollback-command'], message: 'is required beside capture-command' })
  }
  if (mode === 'guard' && captureCommand === undefined) {
    problems.push({ inputs: ['capture-command'], message: 'is required beside rollback-command in mode guard' })
  }
  if (persist === 'tag') {
    problems.push({ inputs: ['persist'], message: "'tag' is a tag on an ECS service; commands have none" })
  }
  if (mode === 'rollback' && baseline === undefined && (to === 'baseline' || to === 'previous')) {
    problems.push({
      inputs: ['baseline', 'to'],
      message: 'with rollback-command, give the version to restore as baseline or as to',
    })
  }
  return problems
}

function checkAws({ awsRegion, roleToAssume, roleSessionName }: Partial<Inputs>): InputProblem[] {
  const given = { 'aws-region': awsRegion, 'role-to-assume': roleToAssume, 'role-session-name': roleSessionName }
  const inputs = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  const message = 'is for ECS; commands take credentials and region from the environment of the job'
  return inputs.length === 0 ? [] : [{ inputs, message }]
}

function checkEcs({ mode, cluster, services = [], baseline }: Partial<Inputs>): InputProblem[] {
  const conflicts = findServiceConflicts(services, cluster)
  if (conflicts.length > 0) return conflicts.map((message) => ({ inputs: ['services', 'cluster'], message }))
  if (mode === 'rollback' && baseline !== undefined) return []
  if (cluster !== undefined && services.length > 0) return []
  const missing = [...(cluster === undefined ? ['cluster'] : []), ...(services.length === 0 ? ['services'] : [])]
  return [
    {
      inputs: missing,
      message: 'is required for ECS (for anything else, give capture-command and rollback-command)',
    },
  ]
}

function checkGuard({ baseline, to }: Partial<Inputs>): InputProblem[] {
  const problems: InputProblem[] = []
  if (baseline !== undefined) {
    problems.push({ inputs: ['baseline'], message: 'is for mode rollback; a guard captures it itself' })
  }
  if (to !== undefined && to !== 'baseline') {
    problems.push({ inputs: ['to'], message: 'is for mode rollback; a guard always goes back to what it captured' })
  }
  return problems
}

function checkRollback({ baseline, to, persist }: Partial<Inputs>): InputProblem[] {
  const problems: InputProblem[] = []
  if (baseline !== undefined && to !== undefined && to !== 'baseline') {
    problems.push({ inputs: ['baseline', 'to'], message: `a baseline and to: ${to} exclude each other` })
  }
  if (persist === 'tag') problems.push({ inputs: ['persist'], message: 'is for mode guard' })
  return problems
}

function checkBaseline({ mode, baseline, rollbackCommand, cluster, services = [] }: Partial<Inputs>): InputProblem[] {
  if (mode !== 'rollback' || baseline === undefined) return []
  try {
    if (rollbackCommand !== undefined) {
      parseCommandBaseline(baseline)
      return []
    }
    return checkEcsBaseline(parseEcsBaseline(baseline), cluster, services)
  } catch (error) {
    return [{ inputs: ['baseline'], message: messageOf(error) }]
  }
}

function checkEcsBaseline(
  baseline: EcsBaseline,
  cluster: string | undefined,
  services: readonly ServiceReference[],
): InputProblem[] {
  const unknown = services.filter(({ service }) => !baseline.services.some((entry) => entry.service === service))
  const isOther = cluster !== undefined && shortName(cluster) !== shortName(baseline.cluster)
  const other = `the baseline is of cluster ${shortName(baseline.cluster)}, not of ${shortName(cluster)}`
  const missing = `the baseline has no ${unknown.map(({ service }) => service).join(', ')}`
  const elsewhere = cluster === undefined ? findServiceConflicts(services, baseline.cluster) : []
  return [
    ...(isOther ? [{ inputs: ['baseline', 'cluster'], message: other }] : []),
    ...(unknown.length > 0 ? [{ inputs: ['baseline', 'services'], message: missing }] : []),
    ...elsewhere.map((message) => ({ inputs: ['baseline', 'services'], message })),
  ]
}

function checkVerification({ verifyUrl = [], verifyTimeout, timeout = 0 }: Partial<Inputs>): InputProblem[] {
  if (verifyTimeout === undefined) return []
  if (verifyUrl.length === 0) return [{ inputs: ['verify-timeout'], message: 'has no effect without verify-url' }]
  if (verifyTimeout <= timeout) return []
  return [{ inputs: ['verify-timeout', 'timeout'], message: 'verify-timeout is longer than timeout' }]
}
