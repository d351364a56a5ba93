import { describe, expect, test } from 'vitest'
import { defineAction } from './action.ts'
import { ActionError } from './errors.ts'
import { duration, optional, secret, text } from './input-fields.ts'
import { runInMemory } from './testing/memory-platform.ts'

const manifest = {
  name: 'example',
  inputs: { timeout: { default: '5m' }, token: {} },
  outputs: {},
}

function actionThat(main: Parameters<typeof defineAction<typeof fields>>[0]['main']) {
  return defineAction({ name: 'example', manifest, fields, main })
}
const fields = { timeout: duration(), token: optional(secret(text())) }

describe('execute', () => {
  test('a success ends green, with its headline in the log and its section in the summary', async () => {
    const action = actionThat(async () => ({ conclusion: 'success', headline: 'All is well.', summary: '| a |' }))
    const run = await runInMemory(action, { inputs: {} })
    expect(run).toMatchObject({ exitCode: 0, log: ['All is well.'], annotations: [] })
    expect(run.summary).toBe('### ✅ example: All is well.\n\n| a |\n\n')
  })

  test('a failed verdict keeps its outputs, is one annotation, and fails the step', async () => {
    const action = actionThat(async (_, context) => {
      context.setOutput('healthy', false)
      context.setOutput('report', { attempts: [1] })
      return { conclusion: 'failed', headline: 'It never answered.', summary: '' }
    })
    const run = await runInMemory(action, { inputs: {} })
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toEqual({ healthy: 'false', report: '{"attempts":[1]}' })
    expect(run.annotations).toEqual([{ level: 'error', title: 'deploy-kit example', message: 'It never answered.' }])
  })

  test('a verdict that is only noted stands in the log, the outputs and the summary, without an annotation', async () => {
    const action = actionThat(async () => ({ conclusion: 'noted', headline: 'It never answered.', summary: '' }))
    const run = await runInMemory(action, { inputs: {} })
    expect(run).toMatchObject({ exitCode: 0, log: ['It never answered.'], annotations: [] })
    expect(run.summary).toContain('### ⚠️ example: It never answered.')
  })

  test('outputs that cannot be written fail the step, after its work and its verdict', async () => {
    const action = actionThat(async (_, context) => {
      context.setOutput('healthy', true)
      context.setOutput('report', {})
      return { conclusion: 'success', headline: 'All is well.', summary: '' }
    })
    const run = await runInMemory(action, { inputs: {}, outputsFail: new Error('ENOSPC: no space left on device') })
    expect(run).toMatchObject({ exitCode: 1, log: ['All is well.'] })
    const message =
      'These outputs could not be written, and later steps do not see them: healthy, report (ENOSPC: no space left on device)'
    expect(run.annotations).toMatchObject([{ level: 'error', message: expect.stringContaining(message) }])
    expect(run.summary).toContain('All is well.')
    expect(run.summary).toContain('These outputs could not be written')
  })

  test('bad input is told before the action does anything', async () => {
    let ran = false
    const action = actionThat(async () => {
      ran = true
      return { conclusion: 'success', headline: '', summary: '' }
    })
    const run = await runInMemory(action, { inputs: { timeout: '30' } })
    expect(ran).toBe(false)
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toContain("timeout: '30' has no unit; write 30s")
  })

  test('an error says what to do, and shows its stack with debug logging only', async () => {
    const action = actionThat(async () => {
      throw new ActionError('not-found', 'Service web does not exist.', { advice: 'Check the name.' })
    })
    const quiet = await runInMemory(action, { inputs: {} })
    expect(quiet.annotations[0]?.message).toBe('Service web does not exist.\nCheck the name.')
    expect(quiet.log).toEqual([])
    const debug = await runInMemory(action, { inputs: {}, environment: { RUNNER_DEBUG: '1' } })
    expect(debug.log[0]).toBe('::group::Stack trace')
  })

  test('a defect is called one', async () => {
    const action = actionThat(async () => {
      throw new TypeError('x is undefined')
    })
    const run = await runInMemory(action, { inputs: {} })
    expect(run.annotations[0]?.message).toMatch(/^Unexpected: x is undefined\nThis is a defect of deploy-kit/)
  })

  test('no secret reaches the log, an output, the summary or an annotation', async () => {
    const action = actionThat(async (inputs, context) => {
      context.log.info(`token ${inputs.token}`)
      context.log.outside([`echo: ${inputs.token}`])
      context.log.warning(`warned about ${inputs.token}`)
      context.setOutput('report', { body: inputs.token ?? '' })
      return { conclusion: 'failed', headline: `refused ${inputs.token}`, summary: `${inputs.token}` }
    })
    const run = await runInMemory(action, { inputs: { token: 'hunter2-and-more' } })
    expect(run.masked).toEqual(['hunter2-and-more'])
    expect(JSON.stringify({ ...run, masked: [] })).not.toContain('hunter2')
    expect(run.outputs.report).toBe('{"body":"***"}')
  })
})

describe('the log', () => {
  test('prints what looks like a workflow command so that it is not executed', async () => {
    const action = actionThat(async (_, context) => {
      context.log.info('harmless')
      context.log.info('first\n  ::set-env name=PATH::/tmp')
      context.log.group('Body of the answer\n::error::x', ['##[add-path]/tmp'])
      return { conclusion: 'success', headline: 'Done.', summary: '' }
    })
    const { log } = await runInMemory(action, { inputs: {} })
    expect(log[0]).toBe('harmless')
    const token = log[1]?.slice('::stop-commands::'.length)
    expect(log.slice(1, 5)).toEqual([
      `::stop-commands::${token}`,
      'first',
      '  ::set-env name=PATH::/tmp',
      `::${token}::`,
    ])
    expect(log[5]).toBe('::group::Body of the answer ::error::x')
    expect(log[6]).toMatch(/^::stop-commands::/)
    expect(log.at(-2)).toBe('::endgroup::')
  })

  test('a line that hides a command behind a line end in a group is printed so that it is not executed', async () => {
    const action = actionThat(async (_, context) => {
      context.log.group('Log', ['harmless\n::error::injected', 'also\r::warning::injected'])
      return { conclusion: 'success', headline: 'Done.', summary: '' }
    })
    const { log } = await runInMemory(action, { inputs: {} })
    expect(log[1]).toMatch(/^::stop-commands::/)
    expect(log.slice(2, 6)).toEqual(['harmless', '::error::injected', 'also', '::warning::injected'])
  })

  test('details of a failed verdict are in the annotation and not in the headline of the summary', async () => {
    const action = actionThat(async () => ({
      conclusion: 'failed',
      headline: 'It failed.',
      details: 'The log ends with:\nERROR',
      summary: '',
    }))
    const run = await runInMemory(action, { inputs: {} })
    expect(run.annotations[0]?.message).toBe('It failed.\nThe log ends with:\nERROR')
    expect(run.summary).toBe('### ❌ example: It failed.\n\n')
  })

  test('drops control characters, so that a body cannot repaint the terminal or hide a line', async () => {
    const action = actionThat(async (_, context) => {
      context.log.outside(['a\u001b[2Kb\rc\u0000'])
      return { conclusion: 'success', headline: 'Done.', summary: '' }
    })
    const { log } = await runInMemory(action, { inputs: {} })
    expect(log.slice(1, 3)).toEqual(['a[2Kb', 'c'])
  })
})
