import { expect, test } from 'vitest'
import { readArguments } from './command-line.ts'

test('names and values come in pairs, and paths are relative to where the user is', () => {
  const args =
    'ci/deploy.yml --event push --input a=1 --input b=x=y --secret K=v --var V= --action o/n=../n --skip-action o/m --actions-from ../kit.git'
  expect(readArguments(args.split(' '), '/home/me/app')).toMatchObject({
    workflowFile: '/home/me/app/ci/deploy.yml',
    event: 'push',
    inputs: { a: '1', b: 'x=y' },
    secrets: { K: 'v' },
    vars: { V: '' },
    actionFolders: { 'o/n': '/home/me/n' },
    skippedActions: ['o/m'],
    actionsFrom: '/home/me/kit.git',
  })
})

test.each([
  [['a.yml', '--input', 'novalue'], '--input novalue has to be NAME=value'],
  [['a.yml', '--action', 'x/y'], '--action x/y has to be owner/name=folder'],
  [['a.yml', 'b.yml'], 'One workflow file can be rehearsed at a time; b.yml is too many'],
  [['--event', 'push'], '--event is for a workflow file of your own'],
  [['a.yml', '--ref', 'main'], 'write refs/heads/main or refs/tags/main'],
  [['a.yml', '--secret', '1ST=x'], '--secret 1ST: a name is letters, digits and _, and does not begin with a digit'],
  [['a.yml', '--var', 'a-b=x'], '--var a-b: a name is letters'],
  [['a.yml', '--secret', 'GITHUB_TOKEN=x'], "--secret GITHUB_TOKEN: names that begin with GITHUB_ are GitHub's own"],
  [['a.yml', '--nope'], "Unknown option '--nope'"],
])('%j is refused', (args, message) => {
  expect(() => readArguments(args, '/')).toThrow(message)
})
