import { expect, test } from 'vitest'
import { parseTrustPolicy, trusts } from './trust-policy.ts'

const provider = 'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com'
const claims = {
  aud: 'sts.amazonaws.com',
  sub: 'repo:org/app:ref:refs/heads/release/1.2',
  repository: 'org/app',
  event_name: 'push',
}
const key = (claim: string) => `token.actions.githubusercontent.com:${claim}`

function statement(Condition: object, further: object = {}) {
  return { Effect: 'Allow', Principal: { Federated: provider }, Action: 'sts:AssumeRole*', Condition, ...further }
}

/** Whether a token with these claims gets the role. */
function isTrusted(Statement: unknown, of: object = claims): boolean {
  return trusts(parseTrustPolicy({ Version: '2012-10-17', Statement }), { provider, claims: { ...of } })
}

test('every condition has to hold, with * where it is StringLike and not where it is StringEquals', () => {
  const pattern = { [key('sub')]: 'repo:org/app:ref:refs/heads/release/*' }
  expect(isTrusted(statement({ StringLike: pattern }))).toBe(true)
  expect(isTrusted(statement({ StringEquals: pattern }))).toBe(false)
  const both = { StringLike: pattern, StringEquals: { [key('aud')]: 'sts.amazonaws.com' } }
  expect(isTrusted(statement(both))).toBe(true)
  expect(isTrusted(statement(both), { ...claims, aud: 'another' })).toBe(false)
  expect(isTrusted(statement(both), { ...claims, aud: ['another', 'sts.amazonaws.com'] })).toBe(true)
})

test('a claim is there to be asked for if AWS reads it, and only in tokens that have it', () => {
  expect(isTrusted(statement({ StringEquals: { [key('repository')]: 'org/app' } }))).toBe(true)
  expect(isTrusted(statement({ StringEquals: { [key('environment')]: 'production' } }))).toBe(false)
  expect(isTrusted(statement({ StringEqualsIfExists: { [key('environment')]: 'production' } }))).toBe(true)
  expect(isTrusted(statement({ StringEquals: { [key('event_name')]: 'push' } }))).toBe(false)
})

test('another provider, another action or a denial does not give the role', () => {
  expect(isTrusted(statement({}))).toBe(true)
  expect(isTrusted(statement({}, { Principal: { Federated: `${provider}x` } }))).toBe(false)
  expect(isTrusted(statement({}, { Principal: { AWS: '*' } }))).toBe(false)
  expect(isTrusted(statement({}, { Action: 'sts:TagSession' }))).toBe(false)
  const denied = statement({ StringLike: { [key('sub')]: '*:refs/heads/release/*' } }, { Effect: 'Deny' })
  expect(isTrusted([statement({}), denied])).toBe(false)
})

test('what the lab cannot evaluate is refused by name', () => {
  expect(() => parseTrustPolicy({ Statement: statement({ DateLessThan: { 'aws:CurrentTime': 'x' } }) })).toThrow(
    /^The trust policy is not valid: .*the lab does not know this condition operator/,
  )
  expect(() => parseTrustPolicy({ Statement: statement({}, { Resource: '*' }) })).toThrow('Resource')
})
