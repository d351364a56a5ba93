import * as v from 'valibot'
import { AwsError, type Call, type Input, type LabContext, type Output } from '../service.ts'
import { ecsArn, parseDefinitionReference } from './arns.ts'
import { clientError, readInput, text, texts, whole } from './input.ts'
import { pageOf, pageOutput } from './pages.ts'
import { checkTags, requestTagKeys } from './tags.ts'
import { describeTaskDefinition, readRegistration, type TaskDefinition } from './task-definition.ts'

const referenceInput = v.looseObject({ taskDefinition: v.string(), include: texts })
const listInput = v.looseObject({
  familyPrefix: text,
  status: v.optional(v.picklist(['ACTIVE', 'INACTIVE', 'DELETE_IN_PROGRESS']), 'ACTIVE'),
  sort: v.optional(v.picklist(['ASC', 'DESC']), 'ASC'),
  nextToken: text,
  maxResults: whole,
})
const familiesInput = v.looseObject({
  familyPrefix: v.optional(v.string(), ''),
  status: v.optional(v.picklist(['ACTIVE', 'INACTIVE', 'ALL']), 'ALL'),
  nextToken: text,
  maxResults: whole,
})

/** How long AWS takes to register a revision; another one of the same family is refused meanwhile. */
const registrationSeconds = 1

/** The task definitions of the account, by family. */
export class TaskDefinitions {
  readonly #context: LabContext
  readonly #families = new Map<string, TaskDefinition[]>()
  readonly #registering = new Set<string>()

  constructor(context: LabContext) {
    this.#context = context
  }

  /**
   * By `family` (its latest ACTIVE revision), `family:revision` or ARN.
   * @returns undefined when there is none
   */
  find(reference: string): TaskDefinition | undefined {
    const parsed = parseDefinitionReference(reference)
    const revisions = parsed && this.#families.get(parsed.family)
    if (revisions === undefined) return undefined
    if (parsed?.revision !== undefined) return revisions.find(({ revision }) => revision === parsed.revision)
    return revisions.findLast(({ status }) => status === 'ACTIVE')
  }

  /** For RunTask, CreateService and UpdateService. @throws AwsError ClientException */
  findRunnable(reference: string): TaskDefinition {
    const found = this.find(reference)
    if (found === undefined) throw clientError('TaskDefinition not found.')
    // "You can't use an INACTIVE task definition to run new tasks or create new services, and you can't update an
    // existing service to reference an INACTIVE task definition." (DeregisterTaskDefinition)
    if (found.status !== 'ACTIVE') throw clientError('TaskDefinition is inactive')
    return found
  }

  async register(input: Input, call: Pick<Call, 'authorize' | 'caller'>): Promise<Output> {
    const { family, tags, content } = readRegistration(input)
    checkTags(tags)
    const requestTags = requestTagKeys(tags)
    call.authorize('ecs:RegisterTaskDefinition', ecsArn(this.#context, 'task-definition', `${family}:*`), requestTags)
    if (tags.length > 0) {
      const resource = ecsArn(this.#context, 'task-definition', `${family}:*`)
      call.authorize('ecs:TagResource', resource, { ...requestTags, 'ecs:CreateAction': 'RegisterTaskDefinition' })
    }
    authorizePassRole(content, call, this.#context)
    // "Too many concurrent attempts to create a new revision of the specified family." (seen on the wire)
    if (this.#registering.has(family)) {
      throw clientError('Too many concurrent attempts to create a new revision of the specified family.')
    }
    this.#registering.add(family)
    await this.#context.clock.sleep(registrationSeconds)
    this.#registering.delete(family)
    const definition = this.#add({ family, tags, content, registeredBy: call.caller.arn })
    return { taskDefinition: describeTaskDefinition(definition), ...(tags.length > 0 ? { tags } : {}) }
  }

  /** Registers a definition of the world, without a caller. */
  seed(input: Input): TaskDefinition {
    const { accountId } = this.#context
    return this.#add({ ...readRegistration(input), registeredBy: `arn:aws:iam::${accountId}:root` })
  }

  deregister(input: Input, call: Call): Output {
    const { taskDefinition } = readInput(referenceInput, input, clientError)
    call.authorize('ecs:DeregisterTaskDefinition', '*')
    const parsed = parseDefinitionReference(taskDefinition)
    if (parsed === undefined || parsed.revision === undefined) {
      throw new AwsError('InvalidParameterException', 'A task definition is deregistered by family:revision or ARN.')
    }
    const found = this.find(taskDefinition)
    if (found === undefined) throw clientError('Unable to describe task definition.')
    if (found.status !== 'ACTIVE') {
      throw clientError('The specified task definition is inactive. You can only deregister active task definitions.')
    }
    found.status = 'INACTIVE'
    found.deregisteredAt = new Date()
    this.#context.journal.change('ecs', found.arn, 'ACTIVE', 'INACTIVE')
    return { taskDefinition: describeTaskDefinition(found) }
  }

  describe(input: Input, call: Call): Output {
    const { taskDefinition, include = [] } = readInput(referenceInput, input, clientError)
    call.authorize('ecs:DescribeTaskDefinition', '*')
    const found = this.find(taskDefinition)
    if (found === undefined) throw clientError('Unable to describe task definition.')
    return { taskDefinition: describeTaskDefinition(found), ...(include.includes('TAGS') ? { tags: found.tags } : {}) }
  }

  /** "lexicographically by family name and in ascending numerical order by revision" (ListTaskDefinitions, sort) */
  list(input: Input, call: Call): Output {
    call.authorize('ecs:ListTaskDefinitions', '*')
    const request = readInput(listInput, input)
    const families = [...this.#families.keys()].sort()
    const arns = families
      .filter((family) => request.familyPrefix === undefined || family === request.familyPrefix)
      .flatMap((family) => this.#families.get(family) ?? [])
      .filter(({ status }) => status === request.status)
      .map(({ arn }) => arn)
    const { page, nextToken } = pageOf(request.sort === 'DESC' ? arns.reverse() : arns, request)
    return pageOutput('taskDefinitionArns', page, nextToken)
  }

  listFamilies(input: Input, call: Call): Output {
    call.authorize('ecs:ListTaskDefinitionFamilies', '*')
    const request = readInput(familiesInput, input)
    const families = [...this.#families]
      .filter(([family]) => family.startsWith(request.familyPrefix))
      .filter(([, revisions]) => {
        const active = revisions.some(({ status }) => status === 'ACTIVE')
        return request.status === 'ALL' || active === (request.status === 'ACTIVE')
      })
      .map(([family]) => family)
      .sort()
    const { page, nextToken } = pageOf(families, request)
    return pageOutput('families', page, nextToken)
  }

  #add(given: Pick<TaskDefinition, 'family' | 'tags' | 'content' | 'registeredBy'>): TaskDefinition {
    const revisions = this.#families.get(given.family) ?? []
    const revision = (revisions.at(-1)?.revision ?? 0) + 1
    const arn = ecsArn(this.#context, 'task-definition', `${given.family}:${revision}`)
    const definition: TaskDefinition = { ...given, arn, revision, status: 'ACTIVE', registeredAt: new Date() }
    this.#families.set(given.family, [...revisions, definition])
    this.#context.journal.change('ecs', arn, 'none', 'ACTIVE')
    return definition
  }
}

/**
 * Who registers or runs a definition with roles hands them to ECS: iam:PassRole on each, with iam:PassedToService.
 * (IAM roles for Amazon ECS; Granting permissions to pass a role to a service)
 */
export function authorizePassRole(
  roles: { readonly taskRoleArn?: string | undefined; readonly executionRoleArn?: string | undefined },
  call: Pick<Call, 'authorize'>,
  { accountId }: Pick<LabContext, 'accountId'>,
): void {
  for (const role of [roles.taskRoleArn, roles.executionRoleArn]) {
    if (role === undefined) continue
    const arn = role.startsWith('arn:') ? role : `arn:aws:iam::${accountId}:role/${role}`
    call.authorize('iam:PassRole', arn, { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' })
  }
}
