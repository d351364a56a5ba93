import { gzipSync } from 'node:zlib'
import { DescribeServicesCommand, ECSClient, ListClustersCommand, RunTaskCommand } from '@aws-sdk/client-ecs'
import { CreateDBSnapshotCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { AwsError, type Input, type Output, type Service, XmlList } from '../service.ts'
import { type RunningServer, startServer, testCredentials } from './server.ts'

/** What the operations received, and what they answer: the wire is what is tested here. */
let received: Input
let answer: () => Output

const operation = (input: Input): Output => {
  received = input
  return answer()
}
const ecs: Service = {
  name: 'ecs',
  protocol: { kind: 'awsJson1.1', targetPrefix: 'AmazonEC2ContainerServiceV20141113' },
  operations: {
    RunTask: operation,
    ListClusters: (_input, call) => {
      call.authorize('ecs:ListClusters', '*')
      return { clusterArns: [] }
    },
  },
  async close() {},
}
const rds: Service = {
  name: 'rds',
  protocol: { kind: 'awsQuery', version: '2014-10-31', xmlNamespace: 'http://rds.amazonaws.com/doc/2014-10-31/' },
  operations: { CreateDBSnapshot: operation, DescribeDBInstances: operation },
  async close() {},
}

const server: RunningServer = await startServer({ services: [ecs, rds] })
const settings = { endpoint: server.url, region: 'eu-central-1', credentials: testCredentials, maxAttempts: 1 }
const ecsClient = new ECSClient(settings)
const rdsClient = new RDSClient(settings)

beforeEach(() => {
  received = undefined
  answer = () => ({})
})
afterAll(() => server[Symbol.asyncDispose]())

describe('An awsJson service', () => {
  test('receives the input and answers with times as seconds', async () => {
    const createdAt = new Date('2026-01-02T03:04:05.678Z')
    answer = () => ({ tasks: [{ taskArn: 'arn', createdAt, connectivity: undefined }], failures: [] })
    const output = await ecsClient.send(new RunTaskCommand({ taskDefinition: 'app', count: 2, clientToken: 'token' }))
    expect(received).toEqual({ taskDefinition: 'app', count: 2, clientToken: 'token' })
    expect(output.tasks).toEqual([{ taskArn: 'arn', createdAt }])
    expect(output.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('sends errors with their further members', async () => {
    answer = () => {
      throw new AwsError('ConflictException', 'Already run with other parameters', 400, { resourceIds: ['arn'] })
    }
    await expect(ecsClient.send(new RunTaskCommand({ taskDefinition: 'app' }))).rejects.toMatchObject({
      name: 'ConflictException',
      message: 'Already run with other parameters',
      resourceIds: ['arn'],
      $metadata: { httpStatusCode: 400 },
    })
  })

  test('answers an operation that it does not have with UnknownOperationException', async () => {
    await expect(ecsClient.send(new DescribeServicesCommand({ services: ['a'] }))).rejects.toMatchObject({
      name: 'UnknownOperationException',
      $metadata: { httpStatusCode: 400 },
    })
  })

  test('never takes an operation from what every object inherits', async () => {
    expect((await post({ target: 'AmazonEC2ContainerServiceV20141113.constructor' })).type).toBe(
      'UnknownOperationException',
    )
    expect((await post({ target: 'NoSuchService.RunTask' })).type).toBe('UnknownOperationException')
  })

  test('refuses a body that is no JSON object, and reads one that is compressed', async () => {
    const target = 'AmazonEC2ContainerServiceV20141113.RunTask'
    expect((await post({ target, body: '[1' })).type).toBe('SerializationException')
    expect(
      (await post({ target, body: gzipSync('{"count":3}'), headers: { 'content-encoding': 'gzip' } })).status,
    ).toBe(200)
    expect(received).toEqual({ count: 3 })
  })

  test('reports a fault of its own as AWS does, not as a hang', async () => {
    const { error } = console
    console.error = () => {}
    answer = () => {
      throw new TypeError('x is undefined')
    }
    await expect(ecsClient.send(new RunTaskCommand({ taskDefinition: 'app' }))).rejects.toMatchObject({
      name: 'InternalFailure',
      $metadata: { httpStatusCode: 500 },
    })
    console.error = error
  })
})

describe('An awsQuery service', () => {
  test('receives nested lists, and answers with them', async () => {
    const created = new Date('2026-01-02T03:04:05.678Z')
    answer = () => ({
      DBInstances: new XmlList('DBInstance', [
        {
          DBInstanceIdentifier: 'a <&> "b"',
          AllocatedStorage: 0,
          MultiAZ: false,
          InstanceCreateTime: created,
          Endpoint: { Address: 'localhost', Port: 5432 },
          TagList: new XmlList('Tag', [{ Key: 'k', Value: '' }]),
          ReadReplicaDBInstanceIdentifiers: new XmlList('ReadReplicaDBInstanceIdentifier', []),
          KmsKeyId: undefined,
        },
      ]),
    })
    const filter = { Name: 'engine', Values: ['postgres', 'mysql'] }
    const output = await rdsClient.send(new DescribeDBInstancesCommand({ Filters: [filter], MaxRecords: 20 }))
    expect(received).toEqual({ Filters: [filter], MaxRecords: '20' })
    expect(output.DBInstances).toEqual([
      {
        DBInstanceIdentifier: 'a <&> "b"',
        AllocatedStorage: 0,
        MultiAZ: false,
        InstanceCreateTime: created,
        Endpoint: { Address: 'localhost', Port: 5432 },
        TagList: [{ Key: 'k', Value: '' }],
        ReadReplicaDBInstanceIdentifiers: [],
      },
    ])
  })

  test('keeps the order of lists of ten and more', async () => {
    const Tags = Array.from({ length: 12 }, (_, index) => ({ Key: `key-${index}`, Value: 'x&y=z' }))
    await rdsClient.send(
      new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'db', DBSnapshotIdentifier: 'snapshot', Tags }),
    )
    expect(received.Tags).toEqual(Tags)
  })

  test('sends errors with their code on the wire', async () => {
    answer = () => {
      throw new AwsError('DBInstanceNotFound', 'DBInstance x not found.', 404)
    }
    await expect(rdsClient.send(new DescribeDBInstancesCommand({}))).rejects.toMatchObject({
      name: 'DBInstanceNotFoundFault',
      message: 'DBInstance x not found.',
      $metadata: { httpStatusCode: 404 },
    })
  })

  test('answers an action that it does not have with InvalidAction', async () => {
    expect(await post({ query: 'Action=DeleteEverything&Version=2014-10-31', service: 'rds' })).toMatchObject({
      status: 400,
      type: 'InvalidAction',
    })
    expect(await post({ query: 'Action=ListUsers&Version=2010-05-08', service: 'iam' })).toMatchObject({
      status: 400,
      type: 'InvalidAction',
    })
  })
})

describe('A caller', () => {
  const json = { target: 'AmazonEC2ContainerServiceV20141113.ListClusters' }
  const query = { query: 'Action=DescribeDBInstances&Version=2014-10-31', service: 'rds' }

  test('that is unknown is refused in the words of the protocol', async () => {
    expect(await post({ ...json, accessKeyId: 'AKIAUNKNOWN' })).toMatchObject({
      status: 400,
      type: 'UnrecognizedClientException',
    })
    expect(await post({ ...query, accessKeyId: 'AKIAUNKNOWN' })).toMatchObject({
      status: 403,
      type: 'InvalidClientTokenId',
    })
  })

  test('that is unsigned, or signed in another way, is refused', async () => {
    expect(await post({ ...json, accessKeyId: null })).toMatchObject({ type: 'MissingAuthenticationTokenException' })
    expect(await post({ ...query, accessKeyId: null })).toMatchObject({ type: 'MissingAuthenticationToken' })
    const headers = { authorization: 'Bearer x' }
    expect(await post({ ...json, accessKeyId: null, headers })).toMatchObject({ type: 'IncompleteSignatureException' })
  })

  test('has to send the session token of its keys, and keys end', async () => {
    const keys = {
      secretAccessKey: 's',
      arn: 'arn:aws:sts::123456789012:assumed-role/deploy/run',
      sessionToken: 'token',
    }
    server.callers.add({ ...keys, accessKeyId: 'ASIASESSION', expiresAt: new Date(Date.now() + 60_000) })
    server.callers.add({ ...keys, accessKeyId: 'ASIAENDED', expiresAt: new Date() })
    const headers = { 'x-amz-security-token': 'token' }
    expect((await post({ ...json, accessKeyId: 'ASIASESSION', headers })).status).toBe(200)
    expect((await post({ ...json, accessKeyId: 'ASIASESSION' })).type).toBe('UnrecognizedClientException')
    expect((await post({ ...json, accessKeyId: 'ASIAENDED', headers })).type).toBe('ExpiredTokenException')
    expect((await post({ ...query, accessKeyId: 'ASIAENDED', headers })).type).toBe('ExpiredToken')
  })

  test('with a policy may do what it allows and is denied the rest in the words of AWS', async () => {
    const arn = 'arn:aws:iam::123456789012:user/restricted'
    server.callers.add({ accessKeyId: 'AKIARESTRICTED', secretAccessKey: 's', arn })
    server.policies.put('AKIARESTRICTED', { Statement: { Effect: 'Allow', Action: 'ecs:RunTask', Resource: '*' } })
    const denied = { ...settings, credentials: { accessKeyId: 'AKIARESTRICTED', secretAccessKey: 's' } }
    await expect(new ECSClient(denied).send(new ListClustersCommand({}))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: ${arn} is not authorized to perform: ecs:ListClusters on resource: * because no identity-based policy allows the ecs:ListClusters action`,
    })
    await expect(new RDSClient(denied).send(new DescribeDBInstancesCommand({}))).rejects.toMatchObject({
      name: 'AccessDenied',
      $metadata: { httpStatusCode: 403 },
    })
    await new ECSClient(denied).send(new RunTaskCommand({ taskDefinition: 'app' }))
  })
})

interface Post {
  readonly target?: string
  readonly query?: string
  readonly body?: string | Buffer
  readonly service?: string
  /** null for an unsigned request. */
  readonly accessKeyId?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

async function post({ target, query, body, service = 'ecs', accessKeyId, headers }: Post) {
  const key = accessKeyId === undefined ? testCredentials.accessKeyId : accessKeyId
  const scope = `${key}/20260101/eu-central-1/${service}/aws4_request`
  const response = await fetch(server.url, {
    method: 'POST',
    headers: {
      ...(key === null
        ? {}
        : { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` }),
      ...(target === undefined
        ? { 'content-type': 'application/x-www-form-urlencoded' }
        : { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' }),
      ...headers,
    },
    body: query ?? new Uint8Array(Buffer.from(body ?? '{}')),
  })
  const text = await response.text()
  const type = response.headers.get('x-amzn-errortype') ?? /<Code>(.*?)<\/Code>/.exec(text)?.[1]
  return { status: response.status, type, text }
}
