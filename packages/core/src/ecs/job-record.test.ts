import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ActionContext } from '../action.ts'
import { readGitHubRun } from '../github-run.ts'
import { isOwnDeployment, type JobDeployment, readJobDeployments, recordDeployment } from './job-record.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'job-record-'))
})
afterEach(() => rm(directory, { recursive: true }))

function contextOf(job: string, warnings: string[] = [], temporary = directory): ActionContext {
  const environment = { RUNNER_TEMP: temporary, GITHUB_RUN_ID: '7', GITHUB_RUN_ATTEMPT: '2', GITHUB_JOB: job }
  const log = { warning: (text: string) => warnings.push(text) }
  return { environment, run: readGitHubRun(environment), log } as unknown as ActionContext
}

const intent: JobDeployment = { serviceArn: 'web', taskDefinition: 'web:2', before: ['d1'] }

it('keeps what one job did to one service apart from all else', async () => {
  await recordDeployment(contextOf('a'), intent)
  await recordDeployment(contextOf('a'), { ...intent, deploymentId: 'd2' })
  await recordDeployment(contextOf('a'), { ...intent, serviceArn: 'other' })
  await recordDeployment(contextOf('b'), { ...intent, deploymentId: 'd9' })
  expect(await readJobDeployments(contextOf('a'), 'web')).toEqual([intent, { ...intent, deploymentId: 'd2' }])
})

it('reads past a line that was cut off when its writer died', async () => {
  await recordDeployment(contextOf('a'), intent)
  const [file = ''] = await readdir(join(directory, 'deploy-kit'))
  await appendFile(join(directory, 'deploy-kit', file), '{"serviceArn":"web","taskDef')
  expect(await readJobDeployments(contextOf('a'), 'web')).toEqual([intent])
})

it('warns and goes on when it cannot be written', async () => {
  const warnings: string[] = []
  await recordDeployment(contextOf('a', warnings, '/dev/null'), intent)
  expect(warnings).toEqual([expect.stringMatching(/could not be recorded for this job/)])
})

it('knows a deployment by its id, and one whose answer was lost by what was there before', () => {
  const answered = { ...intent, deploymentId: 'd2' }
  expect(isOwnDeployment([intent, answered], { id: 'd2', taskDefinition: 'web:2' })).toBe(true)
  expect(isOwnDeployment([intent, answered], { id: 'd3', taskDefinition: 'web:2' })).toBe(false)
  expect(isOwnDeployment([intent], { id: 'd3', taskDefinition: 'web:2' })).toBe(true)
  expect(isOwnDeployment([intent], { id: 'd1', taskDefinition: 'web:2' })).toBe(false)
  expect(isOwnDeployment([intent], { id: 'd3', taskDefinition: 'web:9' })).toBe(false)
})
