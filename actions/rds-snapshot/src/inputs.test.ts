import { inputText, readInputs } from '@deploy-kit/core/inputs'
import { expect, test } from 'vitest'
import manifest from '../action.yml'
import { checkTogether, fields } from './inputs.ts'

function problemOf(given: Record<string, string>): string {
  const named = { 'db-instance-identifier': 'finance-hub', ...given }
  const environment = Object.fromEntries(
    Object.entries(named).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  )
  try {
    readInputs(manifest, fields, environment, checkTogether)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('the inputs were accepted')
}

test.each([
  [{ 'db-instance-identifier': '' }, 'db-instance-identifier, db-cluster-identifier: one of them is required'],
  [
    { 'db-cluster-identifier': 'aurora' },
    "db-instance-identifier, db-cluster-identifier: give one, not both ('finance-hub' and 'aurora')",
  ],
  [{ 'db-instance-identifier': '1db' }, "'1db' is not an identifier of a database"],
  [{ 'db-instance-identifier': 'a--b' }, "'a--b' is not an identifier of a database"],
  [{ 'db-instance-identifier': 'arn:aws:rds:eu-central-1:1:db:x' }, 'is not an identifier of a database'],
  [{ 'snapshot-identifier': '9lives' }, "snapshot-identifier: '9lives' must begin with a letter"],
  [{ 'snapshot-identifier': 'before_deploy' }, "'before_deploy' may hold letters, digits and hyphens only"],
  [{ 'snapshot-identifier': 'before-' }, "'before-' must not end with a hyphen or hold two in a row"],
  [{ 'snapshot-identifier': 'a--b' }, 'must not end with a hyphen or hold two in a row'],
  [{ 'snapshot-identifier': 'a'.repeat(256) }, 'is longer than 255 characters'],
  [
    { 'db-instance-identifier': '', 'db-cluster-identifier': 'aurora', 'snapshot-identifier': 'a'.repeat(64) },
    'is longer than 63 characters, the limit for a cluster',
  ],
  [{ 'snapshot-prefix': 'pre fix' }, "snapshot-prefix: 'pre fix' may hold letters, digits and hyphens only"],
  [{ wait: 'yes' }, "wait: 'yes' is not a boolean; write true or false"],
  [{ timeout: '120' }, "timeout: '120' has no unit; write 120s"],
  [{ timeout: '0s' }, "timeout: '0s' is too short; the least is 1ms"],
  [{ interval: '-1s' }, "interval: '-1s' is negative; a duration is 0s or more"],
  [{ 'wait-for-available': 'soon' }, "wait-for-available: 'soon' is not a duration"],
  [{ tags: 'nonsense' }, "tags: 'nonsense' is not of the form key=value"],
  [{ tags: 'a=1\na=2' }, "tags: 'a' is given twice"],
  [{ tags: 'aws:x=1' }, "tags: 'aws:x' begins with aws:, which is reserved"],
  [{ tags: 'deploy-kit:run=1' }, "tags: 'deploy-kit:run' begins with deploy-kit:, which is reserved"],
  [{ tags: 'a=b;c' }, 'holds a character that RDS does not allow in tags'],
  [{ tags: Array.from({ length: 47 }, (_, index) => `k${index}=v`).join('\n') }, '47 tags are too many'],
  [{ tags: `${'k'.repeat(129)}=v` }, 'is longer than the 128 characters of a key'],
  [{ 'retention-count': '0' }, "retention-count: '0' is too small; the least is 1"],
  [{ 'retention-count': '1.5' }, "retention-count: '1.5' is not a whole number"],
  [{ 'retention-days': 'month' }, "retention-days: 'month' is not a whole number"],
  [
    { wait: 'false', 'retention-count': '3' },
    'wait, retention-count: older snapshots are deleted only after the new one is available; set wait to true',
  ],
  [{ 'copy-to-region': 'Frankfurt' }, "copy-to-region: 'Frankfurt' is not a region; write one such as eu-central-1"],
  [
    { 'kms-key-id': 'alias/backup' },
    'kms-key-id, copy-to-region: the key is for the copy, and no region to copy to is given',
  ],
  [
    { 'copy-to-region': 'eu-west-1', 'kms-key-id': 'arn:aws:kms:eu-central-1:123456789012:key/1' },
    'kms-key-id, copy-to-region: the key is of eu-central-1; the copy needs one of eu-west-1',
  ],
  [{ 'copy-to-region': 'eu-west-1', 'kms-key-id': 'my key' }, "kms-key-id: 'my key' is not a KMS key"],
  [{ 'dry-run': 'maybe' }, "dry-run: 'maybe' is not a boolean; write true or false"],
  [{ 'aws-region': 'europe' }, "aws-region: 'europe' is not a region; write one such as eu-central-1"],
  [{ 'role-to-assume': 'deploy' }, "role-to-assume: 'deploy' is not the ARN of a role"],
  [{ 'role-session-name': 'a b' }, "role-session-name: 'a b' is not a session name"],
])('%j is refused', (given, message) => {
  expect(problemOf(given)).toContain(message)
})

test('all problems stand in one message', () => {
  expect(problemOf({ timeout: '5', interval: 'x', wait: 'no' })).toMatch(
    /^3 inputs cannot be used:\n- wait: .*\n- timeout: .*\n- interval: /,
  )
})

test('every field has its input in action.yml and the other way round', () => {
  expect(Object.keys(fields).sort()).toEqual(Object.keys(manifest.inputs).sort())
  expect(inputText('timeout', manifest, {})).toBe('120m')
})
