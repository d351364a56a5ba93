import * as v from 'valibot'
import { flag, keyValues, text, texts, whole } from './input.ts'

const portMapping = v.looseObject({ containerPort: whole, hostPort: whole, protocol: text, name: text })

const dependency = v.looseObject({
  containerName: v.string(),
  condition: v.picklist(['START', 'COMPLETE', 'SUCCESS', 'HEALTHY']),
})

const healthCheck = v.looseObject({
  command: v.array(v.string()),
  interval: whole,
  timeout: whole,
  retries: whole,
  startPeriod: whole,
})

const secrets = v.optional(v.array(v.looseObject({ name: v.string(), valueFrom: v.string() })))

const logConfiguration = v.looseObject({
  logDriver: v.picklist([
    'json-file',
    'syslog',
    'journald',
    'gelf',
    'fluentd',
    'awslogs',
    'splunk',
    'awsfirelens',
    'none',
  ]),
  options: v.optional(v.record(v.string(), v.string())),
  secretOptions: secrets,
})

/**
 * The members that the lab reads, with the model's types; all others are kept as they came. The server of AWS knows
 * every member that any client can send, being newer than all of them. So a member that the SDK on the other side
 * does not know yet is registered here and described again, as a new one would be by AWS.
 */
export const containerDefinition = v.looseObject({
  name: text,
  image: text,
  cpu: whole,
  memory: whole,
  memoryReservation: whole,
  portMappings: v.optional(v.array(portMapping)),
  essential: flag,
  entryPoint: texts,
  command: texts,
  environment: keyValues,
  environmentFiles: v.optional(v.array(v.looseObject({ value: v.string(), type: v.string() }))),
  secrets,
  dependsOn: v.optional(v.array(dependency)),
  startTimeout: whole,
  stopTimeout: whole,
  healthCheck: v.optional(healthCheck),
  logConfiguration: v.optional(logConfiguration),
  restartPolicy: v.optional(v.looseObject({ enabled: v.boolean() })),
})

export type ContainerDefinitionInput = v.InferOutput<typeof containerDefinition>

/** A container definition as registered: what AWS requires is there, and its defaults are filled in. */
export type ContainerDefinition = ContainerDefinitionInput & {
  readonly name: string
  readonly image: string
  readonly essential: boolean
}

export type ContainerDependency = v.InferOutput<typeof dependency>
export type ContainerHealthCheck = v.InferOutput<typeof healthCheck>
