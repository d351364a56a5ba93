import { describe, expect, test } from 'vitest'
import { type ConditionContext, evaluatePolicy, parsePolicy } from './iam-policy.ts'

const cluster = 'arn:aws:ecs:eu-central-1:123456789012:cluster/production'
const definition = 'arn:aws:ecs:eu-central-1:123456789012:task-definition/app:3'

function decide(statements: unknown, action: string, resource = definition, context: ConditionContext = {}) {
  return evaluatePolicy(parsePolicy({ Version: '2012-10-17', Statement: statements }), { action, resource, context })
}

describe('A policy', () => {
  test('denies what no statement allows', () => {
    expect(decide([], 'ecs:RunTask')).toBe('implicitDeny')
    expect(decide({ Effect: 'Allow', Action: 'ecs:Describe*', Resource: '*' }, 'ecs:RunTask')).toBe('implicitDeny')
  })

  test('matches actions in any case and resources in theirs, with * and ?', () => {
    const statement = { Effect: 'Allow', Action: ['ECS:run*'], Resource: 'arn:aws:ecs:*:*:task-definition/app:?' }
    expect(decide(statement, 'ecs:RunTask')).toBe('allowed')
    expect(decide(statement, 'ecs:RunTask', `${definition}4`)).toBe('implicitDeny')
    expect(decide(statement, 'ecs:RunTask', definition.replace('app', 'App'))).toBe('implicitDeny')
  })

  test('denies explicitly whatever else allows', () => {
    const allow = { Effect: 'Allow', Action: '*', Resource: '*' }
    const deny = { Effect: 'Deny', Action: 'ecs:RunTask', Resource: definition }
    expect(decide([allow, deny], 'ecs:RunTask')).toBe('explicitDeny')
    expect(decide([allow, deny], 'ecs:StopTask')).toBe('allowed')
  })

  test('takes NotAction and NotResource as everything else', () => {
    const statement = { Effect: 'Allow', NotAction: 'iam:*', NotResource: cluster }
    expect(decide(statement, 'ecs:RunTask')).toBe('allowed')
    expect(decide(statement, 'iam:PassRole')).toBe('implicitDeny')
    expect(decide(statement, 'ecs:RunTask', cluster)).toBe('implicitDeny')
  })

  test('is refused when it says what the lab cannot evaluate', () => {
    const statement = { Effect: 'Allow', Action: '*', Resource: '*' }
    expect(() =>
      parsePolicy({ Statement: { ...statement, Condition: { IpAddress: { 'aws:SourceIp': '::1' } } } }),
    ).toThrow('the lab does not know this condition operator')
    expect(() => parsePolicy({ Statement: { ...statement, Principal: '*' } })).toThrow('Principal')
    expect(() => parsePolicy({ Statement: { Effect: 'Allow', Resource: '*' } })).toThrow('needs either Action or')
  })
})

describe('A condition', () => {
  const allows = (condition: unknown, context: ConditionContext) =>
    decide(
      { Effect: 'Allow', Action: '*', Resource: '*', Condition: condition },
      'ecs:RunTask',
      definition,
      context,
    ) === 'allowed'

  test.each([
    ['StringEquals', 'iam:PassedToService', 'ecs-tasks.amazonaws.com', 'ecs-tasks.amazonaws.com', true],
    ['StringEquals', 'iam:PassedToService', 'ecs-tasks.amazonaws.com', 'ec2.amazonaws.com', false],
    ['StringNotEquals', 'aws:ResourceTag/env', 'prod', 'dev', true],
    ['StringNotEquals', 'aws:ResourceTag/env', 'prod', 'prod', false],
    ['StringLike', 'aws:RequestTag/run', 'deploy-*', 'deploy-1', true],
    ['ArnLike', 'ecs:cluster', 'arn:aws:ecs:*:*:cluster/prod*', cluster, true],
    ['ArnEquals', 'ecs:cluster', cluster, `${cluster}-2`, false],
    ['ArnNotLike', 'ecs:cluster', 'arn:aws:ecs:*:*:cluster/prod*', cluster, false],
    ['Bool', 'ecs:enable-execute-command', false, 'FALSE', true],
    ['StringEqualsIgnoreCase', 'aws:ResourceTag/env', 'PROD', 'prod', true],
  ])('%s on %s with %s holds for %s: %s', (operator, key, wanted, actual, held) => {
    expect(allows({ [operator]: { [key]: wanted } }, { [key]: actual })).toBe(held)
  })

  // "If the key that you specify in a policy condition is not present in the request context, the values do not match
  // … [for negated operators] the condition is true" (IAM JSON policy elements: Condition operators)
  test('on an absent key holds only when negated, or IfExists, or Null', () => {
    expect(allows({ StringEquals: { 'ecs:cluster': cluster } }, {})).toBe(false)
    expect(allows({ StringNotEquals: { 'ecs:cluster': cluster } }, {})).toBe(true)
    expect(allows({ StringEqualsIfExists: { 'ecs:cluster': cluster } }, {})).toBe(true)
    expect(allows({ Null: { 'ecs:cluster': 'true' } }, {})).toBe(true)
    expect(allows({ Null: { 'ecs:cluster': true } }, { 'ecs:cluster': cluster })).toBe(false)
  })

  test('on several values follows ForAnyValue and ForAllValues', () => {
    const keys = { 'aws:TagKeys': ['run', 'sha'] }
    expect(allows({ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['sha'] } }, keys)).toBe(true)
    expect(allows({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['sha'] } }, keys)).toBe(false)
    expect(allows({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['sha', 'run'] } }, keys)).toBe(true)
    expect(allows({ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['sha'] } }, {})).toBe(false)
    expect(allows({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['sha'] } }, {})).toBe(true)
  })

  test('needs every operator and every key to hold, in any case of the key', () => {
    const condition = { StringEquals: { 'AWS:resourcetag/env': 'prod', 'aws:ResourceTag/team': 'a' } }
    expect(allows(condition, { 'aws:ResourceTag/env': 'prod', 'aws:ResourceTag/team': 'a' })).toBe(true)
    expect(allows(condition, { 'aws:ResourceTag/env': 'prod', 'aws:ResourceTag/team': 'b' })).toBe(false)
  })
})
