import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, expect, test } from 'vitest'
import { Journal } from '../journal.ts'
import { LabClock } from '../lab-clock.ts'
import { Callers } from '../server/callers.ts'
import { Policies } from '../server/policies.ts'
import { startServer } from '../server/server.ts'
import type { LabContext } from '../service.ts'
import { IdTokens } from './id-tokens.ts'
import { createOidcEndpoint } from './oidc-endpoint.ts'
import { createStsService } from './sts-service.ts'

const roleArn = 'arn:aws:iam::123456789012:role/ci/deploy'
const context: LabContext = {
  accountId: '123456789012',
  region: 'eu-central-1',
  clock: new LabClock(0.01),
  journal: new Journal(),
  dataDirectory: '',
  random: () => 0,
}

const idTokens = new IdTokens()
const jobToken = idTokens.permit({ repository: 'org/app', ref: 'refs/heads/main' })

async function startSts(sessionLimitSeconds?: number) {
  const callers = new Callers()
  const policies = new Policies()
  const sts = await createStsService(context, { callers, policies, roleArns: [roleArn], sessionLimitSeconds })
  const routes = [createOidcEndpoint({ prefix: '/oidc', idTokens, validSeconds: 300 })]
  return startServer({ services: [sts], routes, callers, journal: context.journal })
}

const server = await startSts()
const unsigned = new STSClient({ endpoint: server.url, region: 'eu-central-1' })
afterAll(() => server[Symbol.asyncDispose]())

async function requestToken(audience = 'sts.amazonaws.com', authorization = `Bearer ${jobToken}`): Promise<Response> {
  return fetch(`${server.url}/oidc/token?api-version=2.0&audience=${encodeURIComponent(audience)}`, {
    headers: { authorization },
  })
}

async function idToken(audience?: string): Promise<string> {
  return ((await (await requestToken(audience)).json()) as { value: string }).value
}

function assume(token: string, further: object = {}) {
  const input = { RoleArn: roleArn, RoleSessionName: 'run-1', WebIdentityToken: token, ...further }
  return new AssumeRoleWithWebIdentityCommand(input)
}

test('The job gets a token for its audience that ends, and nobody else does', async () => {
  const [, payload = ''] = (await idToken('my-audience')).split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number; iat: number }
  expect(claims).toMatchObject({
    iss: 'https://token.actions.githubusercontent.com',
    aud: 'my-audience',
    sub: 'repo:org/app:ref:refs/heads/main',
  })
  expect(claims.exp - claims.iat).toBe(300)
  // As GitHub's own example writes the scheme. (OpenID Connect reference, Methods for requesting the OIDC token)
  expect((await requestToken('my-audience', `bearer ${jobToken}`)).status).toBe(200)
  expect((await requestToken('my-audience', 'Bearer guessed')).status).toBe(401)
})

test('The token becomes a session of the role, under the name of the role without its path', async () => {
  const output = await unsigned.send(assume(await idToken(), { DurationSeconds: 900 }))
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration } = output.Credentials ?? {}
  const seconds = (Number(Expiration) - Date.now()) / 1000
  expect(seconds).toBeGreaterThan(840)
  expect(seconds).toBeLessThanOrEqual(900)
  const arn = 'arn:aws:sts::123456789012:assumed-role/deploy/run-1'
  expect(output.AssumedRoleUser?.Arn).toBe(arn)

  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
  const signed = new STSClient({ endpoint: server.url, region: 'eu-central-1', credentials })
  expect(await signed.send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: '123456789012', Arn: arn })
  expect(JSON.stringify(context.journal.requests('sts'))).not.toContain(SessionToken)
})

test('A session ends in real seconds', async () => {
  await using shortLived = await startSts(1)
  const client = new STSClient({ endpoint: shortLived.url, region: 'eu-central-1' })
  const { Credentials: issued } = await client.send(assume(await idToken()))
  const credentials = {
    accessKeyId: issued?.AccessKeyId ?? '',
    secretAccessKey: issued?.SecretAccessKey ?? '',
    sessionToken: issued?.SessionToken ?? '',
  }
  const signed = new STSClient({ endpoint: shortLived.url, region: 'eu-central-1', credentials, maxAttempts: 1 })
  await signed.send(new GetCallerIdentityCommand({}))
  await expect
    .poll(() => signed.send(new GetCallerIdentityCommand({})).catch((error: Error) => error.name))
    .toBe('ExpiredToken')
})

test('A token of another form, audience or issuer, or one that has ended, is refused', async () => {
  await expect(unsigned.send(assume('not-a-token'))).rejects.toMatchObject({ name: 'InvalidIdentityTokenException' })
  await expect(unsigned.send(assume(await idToken('other')))).rejects.toMatchObject({
    name: 'InvalidIdentityTokenException',
    message: 'Incorrect token audience',
  })
  const claims = { iss: 'https://token.actions.githubusercontent.com', sub: 's', aud: 'sts.amazonaws.com', exp: 1 }
  await expect(unsigned.send(assume(jwt(claims)))).rejects.toMatchObject({ name: 'ExpiredTokenException' })
  const foreign = { ...claims, iss: 'https://elsewhere', exp: 9_999_999_999 }
  await expect(unsigned.send(assume(jwt(foreign)))).rejects.toThrow('No OpenIDConnect provider found')
})

test('A role that the world does not have, and values that AWS does not accept, are refused', async () => {
  const token = await idToken()
  const RoleArn = 'arn:aws:iam::123456789012:role/another'
  await expect(unsigned.send(assume(token, { RoleArn }))).rejects.toMatchObject({
    name: 'AccessDenied',
    message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
  })
  await expect(unsigned.send(assume(token, { DurationSeconds: 60 }))).rejects.toMatchObject({
    name: 'ValidationError',
    message: expect.stringContaining('DurationSeconds'),
  })
  await expect(unsigned.send(assume(token, { Policy: '{}' }))).rejects.toThrow('Policy')
})

function jwt(claims: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${encode({ alg: 'none' })}.${encode(claims)}.c2lnbmF0dXJl`
}
