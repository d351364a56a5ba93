import { awsFields } from '@deploy-kit/core/aws/aws-inputs'
import { findServiceConflicts } from '@deploy-kit/core/ecs/service-reference'
import { boolean, duration, integer, optional, pairs, text } from '@deploy-kit/core/input-fields'
import type { Field, InputProblem, InputsOf } from '@deploy-kit/core/inputs'
import { servicesField } from './services-input.ts'

/** Anything that could be one; the registry knows better. */
const IMAGE = /^[^\s=]+$/

/** Images by container; the empty name stands for the only essential container. */
export type Images = ReadonlyMap<string, string>

export const fields = {
  cluster: text(),
  services: servicesField,
  image: { parse: parseImages, empty: { value: new Map() as Images } } satisfies Field<Images>,
  'task-definition': optional(text()),
  environment: pairs('=', 'KEY=VALUE'),
  wait: boolean(),
  timeout: duration({ minMs: 1 }),
  interval: duration({ minMs: 50 }),
  'max-failed-tasks': integer({ min: 0 }),
  'max-parallel': integer({ min: 1, max: 100 }),
  'dry-run': boolean(),
  ...awsFields,
}

export type Inputs = InputsOf<typeof fields>

export function checkTogether(inputs: Partial<Inputs>): readonly InputProblem[] {
  const {
    cluster,
    services = [],
    image = new Map(),
    taskDefinition,
    environment: variables = [],
    wait,
    maxParallel = 1,
  } = inputs
  const problems: InputProblem[] = findServiceConflicts(services, cluster).map((message) => ({
    inputs: ['services', 'cluster'],
    message,
  }))
  const idle = services.filter((order) => order.image === undefined && order.taskDefinition === undefined)
  if (idle.length > 0 && image.size === 0 && taskDefinition === undefined && variables.length === 0) {
    const names = idle.map((order) => order.service).join(', ')
    problems.push({
      inputs: ['services', 'image', 'task-definition', 'environment'],
      message: `there is nothing to deploy to ${names}; give an image, a task definition or an environment`,
    })
  }
  if (wait === false && services.length > maxParallel) {
    problems.push({
      inputs: ['wait', 'max-parallel', 'services'],
      message: `without waiting, all ${services.length} services roll at the same time, which is more than max-parallel (${maxParallel}); wait, or raise it`,
    })
  }
  const named = [...image.keys()].some((container) => container !== '')
  if (named && services.some((order) => order.container !== undefined && order.image === undefined)) {
    problems.push({
      inputs: ['image', 'services'],
      message: 'image names its containers line by line, so a service cannot have another `container` for it',
    })
  }
  return problems
}

/** One image, or one `container=image` a line. */
function parseImages(given: string): Images {
  const lines = given
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const [only = ''] = lines
  if (lines.length === 1 && !only.includes('=')) return new Map([['', checkImage(only)]])
  const images = pairs('=', 'container=image').parse(given)
  return new Map(images.map(([container, image]) => [container, checkImage(image)] as const))
}

function checkImage(image: string): string {
  if (!IMAGE.test(image)) throw new RangeError(`'${image}' is not an image; write one such as registry/repository:tag`)
  return image
}
