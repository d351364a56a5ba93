import type { Container, Task } from '@aws-sdk/client-ecs'

/** Why a task stopped, for a person. */
export interface StopExplanation {
  /** One sentence: what happened. */
  readonly what: string
  /** What to do next; empty when the reason needs no action. */
  readonly next: string
  /** The container that the explanation is about, if it is about one. */
  readonly container?: string
}

/**
 * Explains a stopped task from its stop code, its stopped reason, and its containers' reasons and exit codes
 * ("Amazon ECS stopped tasks error messages", ECS Developer Guide).
 *
 * @param essential names of the containers that are essential, as far as they are known
 */
export function explainStoppedTask(task: Task, essential: readonly string[] = []): StopExplanation {
  const reason = task.stoppedReason ?? ''
  const culprit = findCulprit(task, essential)
  const texts = [culprit?.reason ?? '', ...(task.containers ?? []).map((container) => container.reason ?? ''), reason]
  const known = KNOWN.find(({ pattern }) => texts.some((text) => pattern.test(text)))
  const about = culprit?.name === undefined ? {} : { container: culprit.name }
  if (known !== undefined) {
    const text = texts.find((candidate) => known.pattern.test(candidate)) ?? reason
    return { what: `${known.what}: ${oneLine(text)}`, next: known.next, ...about }
  }
  if (culprit?.exitCode !== undefined) return explainExit(culprit, culprit.exitCode, about)
  if (culprit !== undefined && culprit.reason !== undefined) {
    return { what: `The container ${culprit.name} never ran: ${oneLine(culprit.reason)}`, next: '', ...about }
  }
  return {
    what:
      reason === ''
        ? `The task stopped, and ECS does not say why (${task.stopCode ?? 'no stop code'})`
        : oneLine(reason),
    next: '',
  }
}

/** The container that the task stopped for: a reason of its own first, then a failing essential one, then any failing one. */
function findCulprit(task: Task, essential: readonly string[]): Container | undefined {
  const containers = task.containers ?? []
  const isEssential = (container: Container): boolean =>
    essential.length === 0 || essential.includes(container.name ?? '')
  const failed = (container: Container): boolean => container.exitCode !== undefined && container.exitCode !== 0
  const neverRan = (container: Container): boolean => container.exitCode === undefined && container.reason !== undefined
  return (
    containers.find((container) => isEssential(container) && neverRan(container)) ??
    containers.find((container) => isEssential(container) && failed(container)) ??
    containers.find((container) => neverRan(container) || failed(container)) ??
    (task.stopCode === 'EssentialContainerExited' ? containers.find(isEssential) : undefined)
  )
}

const KNOWN: readonly { readonly pattern: RegExp; readonly what: string; readonly next: string }[] = [
  {
    pattern: /CannotPull\w*Error|CannotPullECRContainerError/,
    what: 'The image could not be pulled',
    next: 'Check that this tag was pushed to the registry, that the execution role may pull it (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer, ecr:GetAuthorizationToken), and that the subnets reach the registry.',
  },
  {
    pattern: /ResourceInitializationError/,
    what: 'The task could not be set up',
    next: "Check the execution role's access to the secrets and log groups of the task definition, and that the subnets reach them (NAT gateway or VPC endpoints).",
  },
  {
    pattern: /OutOfMemory/,
    what: 'The container ran out of memory',
    next: 'Give the container or the task more memory, or find what uses it.',
  },
  {
    pattern: /failed ELB health checks|failed (\S+ )?load balancer health checks/i,
    what: "The load balancer's health checks failed",
    next: "Check the health check's path, port and matcher, and healthCheckGracePeriodSeconds if the service is slow to start.",
  },
  {
    pattern: /failed container health checks/i,
    what: "The container's own health check failed",
    next: 'Run the healthCheck command of the task definition in the image; raise startPeriod if the service is slow to start.',
  },
  {
    pattern: /RESOURCE:|Capacity is unavailable|InsufficientCapacity|no container instance/i,
    what: 'There was no capacity for the task',
    next: 'Try again later, add capacity or subnets in other availability zones, or use another capacity provider.',
  },
  {
    pattern: /exec format error/i,
    what: 'The image is for another processor architecture',
    next: "Build the image for the task's runtimePlatform (X86_64 or ARM64).",
  },
  {
    pattern: /CannotStartContainerError|CannotCreateContainerError/,
    what: 'The container could not be started',
    next: 'Check the command and entry point of the task definition against what the image has.',
  },
  {
    pattern: /CannotCreateVolumeError|TaskFailedToStart: EFS|failed to invoke EFS/i,
    what: 'A volume could not be mounted',
    next: "Check the volume's configuration and the security groups of its mount targets.",
  },
  {
    pattern: /Spot.*interrupt|interrupt.*Spot/i,
    what: 'AWS took the Spot capacity back',
    next: 'Nothing is wrong with the release; deploy again, or use capacity that is not Spot.',
  },
]

/** Exit codes above 128 are signals ("Exit Status", Bash Reference Manual); 137 is SIGKILL, 143 SIGTERM. */
const EXITS: Readonly<Record<number, { readonly meaning: string; readonly next: string }>> = {
  0: {
    meaning: 'ended although it is expected to go on running',
    next: 'A service must not end by itself: check its command.',
  },
  125: { meaning: 'the container runtime failed', next: 'Check the options of the container.' },
  126: { meaning: 'its command cannot be executed', next: 'Check the permissions of the command in the image.' },
  127: { meaning: 'its command was not found', next: 'Check that the command exists in the image.' },
  134: { meaning: 'it aborted (SIGABRT)', next: "Read the container's log." },
  137: {
    meaning: 'it was killed (SIGKILL): it used too much memory, or did not stop within its stopTimeout',
    next: "Compare the container's memory with its limit.",
  },
  139: { meaning: 'it crashed (SIGSEGV)', next: "Read the container's log." },
  143: { meaning: 'it was asked to stop (SIGTERM)', next: '' },
}

function explainExit(container: Container, exitCode: number, about: { container?: string }): StopExplanation {
  const known = EXITS[exitCode]
  const meaning = known === undefined ? '' : `: ${known.meaning}`
  return {
    what: `The container ${container.name} exited with code ${exitCode}${meaning}`,
    next: known?.next ?? "Read the container's log.",
    ...about,
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
