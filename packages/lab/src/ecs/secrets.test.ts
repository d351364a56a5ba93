import { RegisterTaskDefinitionCommand, RunTaskCommand, type Task } from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { definitionOf, type EcsForTest, runOf, shell, startEcs } from './test-ecs.ts'

const secret = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEf'
const parameter = 'arn:aws:ssm:eu-central-1:123456789012:parameter/web/token'

let lab: EcsForTest
beforeAll(async () => {
  lab = await startEcs({ world: { secrets: { [secret]: '{"password":"hunter2","port":5432}', [parameter]: 't0ken' } } })
})
afterAll(() => lab[Symbol.asyncDispose]())

async function run(family: string, script: string, valueFrom: Readonly<Record<string, string>>): Promise<Task> {
  const secrets = Object.entries(valueFrom).map(([name, from]) => ({ name, valueFrom: from }))
  await lab.ecs.send(new RegisterTaskDefinitionCommand(definitionOf(family, { ...shell('app', script), secrets })))
  const { tasks } = await lab.ecs.send(new RunTaskCommand(runOf(family)))
  return lab.untilTask(tasks?.[0]?.taskArn, ({ lastStatus }) => lastStatus === 'STOPPED')
}

// "arn:aws:secretsmanager:region:aws_account_id:secret:secret-name:json-key:version-stage:version-id" (Pass Secrets
// Manager secrets through Amazon ECS environment variables); a parameter by "either the full ARN or name" (Secret)
test.concurrent('a secret that the world has is in the environment of the process', async () => {
  const task = await run('secret', 'echo "$ALL $PASSWORD $PORT_NUMBER $BY_ARN $BY_NAME"', {
    ALL: secret,
    PASSWORD: `${secret}:password::`,
    PORT_NUMBER: `${secret}:port:AWSCURRENT:`,
    BY_ARN: parameter,
    BY_NAME: '/web/token',
  })

  expect(lab.linesOf(`t/app/${task.taskArn?.split('/').at(-1)}`)).toEqual([
    '{"password":"hunter2","port":5432} hunter2 5432 t0ken t0ken',
  ])
  expect(JSON.stringify(lab.server.journal.entries())).not.toContain('hunter2')
})

// (Troubleshooting Amazon ECS ResourceInitializationError errors; the words as users report them)
test.concurrent.each([
  [
    'a secret',
    `${secret}x`,
    "failed to fetch secret arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEfx from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.",
  ],
  ['a version', `${secret}:password:AWSPREVIOUS:`, "Secrets Manager can't find the specified secret."],
  ['a key of a secret', `${secret}:user::`, 'retrieved secret from Secrets Manager did not contain json key user'],
  ['a parameter', '/web/gone', 'unable to retrieve secrets from ssm: service call has been retried 1 time(s)'],
])('a task that wants %s that is not there does not start', async (what, valueFrom, reason) => {
  const task = await run(what.replaceAll(' ', '-'), 'true', { PASSWORD: valueFrom })

  expect(task.stopCode).toBe('TaskFailedToStart')
  expect(task.stoppedReason).toMatch(/^ResourceInitializationError: unable to pull secrets or registry auth: /)
  expect(task.stoppedReason).toContain(reason)
})

test('a name is a variable or a secret, not both', async () => {
  const both = { environment: [{ name: 'A', value: 'b' }], secrets: [{ name: 'A', valueFrom: secret }] }
  const definition = definitionOf('both', { ...shell('app', 'true'), ...both })
  await expect(lab.ecs.send(new RegisterTaskDefinitionCommand(definition))).rejects.toMatchObject({
    name: 'ClientException',
    message:
      "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'A'.",
  })
})
