import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import type { Lab } from '@deploy-kit/lab/lab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate, shell, startMigrationLab, subnets } from './testing/migration-lab.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startMigrationLab()
})
afterAll(() => lab.close())

describe('the log', () => {
  test('a line that looks like a workflow command is printed and not executed', async () => {
    const run = await migrate(lab, { command: shell('echo before; echo ::set-output name=a::b; echo ::error::x') })
    const at = run.log.indexOf('::set-output name=a::b')
    const stop = run.log.slice(0, at).findLastIndex((line) => line.startsWith('::stop-commands::'))
    const token = run.log[stop]?.slice('::stop-commands::'.length)
    expect(run.log.indexOf(`::${token}::`)).toBeGreaterThan(at)
    expect(run.log.slice(stop, at).filter((line) => line === `::${token}::`)).toEqual([])
  })

  test('tail shows the last lines at the end, none shows nothing', async () => {
    const command = shell('seq 1 80')
    const tail = await migrate(lab, { command, logs: 'tail' })
    expect(tail.log).toContain('::group::Last lines of app')
    expect(tail.log).toContain('80')
    expect(tail.log).not.toContain('30')
    const reads = lab.journal.requests('logs').length
    const none = await migrate(lab, { command, logs: 'none' })
    expect(none.log).not.toContain('80')
    expect(lab.journal.requests('logs')).toHaveLength(reads)
    expect(none.outputs['log-url']).toContain('log-events')
  })

  test('that nobody can read for two minutes does not hold up the verdict any longer, and is a warning', async () => {
    lab.faults.add({ operation: 'GetLogEvents', kind: 'serverError' })
    const run = await migrate(lab, { command: 'true' }, { clock: hurriedClock(200) })
    lab.faults.clear()
    expect(run).toMatchObject({ exitCode: 0, outputs: { outcome: 'succeeded' } })
    expect(run.annotations).toMatchObject([{ level: 'warning' }])
    expect(run.annotations[0]?.message).toMatch(/^The end of the log could not be read\. logs:GetLogEvents on /)
    // Long before timeout, which is 30 minutes.
    expect(Number(run.outputs['elapsed-ms'])).toBeLessThan(25 * 60_000)
  })

  test('reading that is denied is one warning that names the IAM action, and no failure', async () => {
    const role = 'arn:aws:iam::123456789012:role/deploy'
    lab.policies.put(role, {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'logs:*', Resource: '*' },
      ],
    })
    const run = await migrate(lab, { command: 'true', 'role-to-assume': role })
    lab.policies.remove(role)
    expect(run.exitCode).toBe(0)
    expect(run.annotations).toHaveLength(1)
    expect(run.annotations[0]).toMatchObject({ level: 'warning' })
    expect(run.annotations[0]?.message).toContain('the credentials lack logs:GetLogEvents')
  })

  test.each([
    ['elsewhere', 'No log to show: container app logs with splunk; look there for its output.'],
    [
      'no-prefix',
      'No log to show: container app has no awslogs-stream-prefix, so its stream cannot be told; look in log group /ecs/no-prefix, or add the prefix.',
    ],
    [
      'silent',
      'No log to show: container app has no logConfiguration, so its output is kept on its host at the most; add one with awslogs.',
    ],
  ])('a log that cannot be found is said, with where to look: %s', async (family, line) => {
    const run = await migrate(lab, { service: '', 'task-definition': family, ...subnets, command: 'true' })
    expect(run.exitCode).toBe(0)
    expect(run.log).toContain(line)
    expect(run.outputs['log-url'] ?? '').toBe('')
  })
})

describe('a long log', () => {
  test('of 100,000 lines arrives complete and in order, over empty pages and while it is written', async () => {
    const script = 'for (let line = 0; line < 100000; line++) console.log("line " + line)'
    const run = await migrate(lab, { command: JSON.stringify(['node', '-e', script]) })
    expect(run.exitCode).toBe(0)
    const lines = run.log.filter((line) => line.startsWith('line '))
    expect(lines).toHaveLength(100_000)
    expect(lines.every((line, at) => line === `line ${at}`)).toBe(true)
  })

  test('with lines of 256 kB keeps them whole, and quotes their beginning only', async () => {
    const script = 'for (const c of "abc") console.log(c.repeat(256 * 1000)); process.exitCode = 1'
    const run = await migrate(lab, { command: JSON.stringify(['node', '-e', script]) })
    for (const character of 'abc') expect(run.log).toContain(character.repeat(256_000))
    const [failure] = run.annotations
    expect(failure?.message).toContain(`${'c'.repeat(300)}…`)
    expect(failure?.message.length).toBeLessThan(5000)
  })

  test('whose answers are slow or fail in between arrives complete and once', async () => {
    lab.faults.add({ operation: 'GetLogEvents', kind: 'slow', ms: 30, probability: 0.3 })
    for (const kind of ['throttle', 'serverError', 'resetBefore', 'resetAfter'] as const) {
      lab.faults.add({ operation: 'GetLogEvents', kind, probability: 0.15 })
    }
    const script =
      'let line = 0; const t = setInterval(() => { console.log("line " + line); if (++line === 200) clearInterval(t) }, 1)'
    const run = await migrate(lab, { command: JSON.stringify(['node', '-e', script]) })
    lab.faults.clear()
    const lines = run.log.filter((line) => line.startsWith('line '))
    expect(lines).toEqual(Array.from({ length: 200 }, (_, line) => `line ${line}`))
  })
})
