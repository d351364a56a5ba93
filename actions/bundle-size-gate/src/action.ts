import { type ActionContext, defineAction, type Verdict } from '@deploy-kit/core/action'
import { CancelledError, messageOf } from '@deploy-kit/core/errors'
import manifest from '../action.yml'
import { type Baseline, toGateRecord } from './baseline.ts'
import { type BaselineStore, openBaselineStore } from './baseline-store.ts'
import { commentMarker } from './comment.ts'
import { type Comparison, compare, deltaOf, deltaPercent } from './comparison.ts'
import { findCollisions, nameFiles } from './file-names.ts'
import { openGitHub } from './github-access.ts'
import { checkInputs, fields, type Inputs } from './inputs.ts'
import { type Judgement, judge, type Violation } from './judgement.ts'
import { type Measurement, measure } from './measurement.ts'
import type { ModuleSizes } from './module-sizes.ts'
import { compareModules, findModules } from './modules.ts'
import { comment, isOverridden } from './pull-request.ts'
import { type GateReport, headline, renderComment, renderReport } from './report.ts'
import { writeReport } from './report-file.ts'
import { describeLine, plural } from './report-text.ts'
import { planRoutes } from './route-plan.ts'
import { checkSettings, findWorkspace, readSettings, type Settings } from './settings.ts'
import { readTrigger } from './trigger.ts'

/** Measures what users download, compares it with budgets and with a baseline, and fails when it grew too much. */
export const action = defineAction({
  name: 'bundle-size-gate',
  manifest,
  fields,
  check: checkInputs,
  checkAgainstFiles: checkSettings,
  main: runGate,
})

async function runGate(given: Inputs, context: ActionContext): Promise<Verdict> {
  const workspace = findWorkspace(context.environment)
  const settings = await readSettings(given, workspace, context)
  const { inputs } = settings
  const trigger = readTrigger(context.environment)
  const github = openGitHub(inputs.githubToken, context)
  const key = inputs.commentKey ?? `${context.run.workflow} / ${context.run.job}`

  if (inputs.buildCommand !== undefined) {
    const { runBuild } = await import('./build.ts')
    await runBuild(inputs.buildCommand, { workspace, token: inputs.githubToken, context })
  }
  const measurement = await measureAll(settings, workspace, context)
  const modules = await findModules(inputs.sourceMaps, measurement, workspace, context)
  const store = openBaselineStore(inputs, { key, workspace, trigger, github, context })
  const baseline = await store?.read(measurement)
  const judged = judgeGate(settings, measurement, modules, baseline, context)
  const overridden =
    judged.judgement.violations.length > 0 &&
    (await isOverridden(inputs.overrideLabel, trigger.pullRequest, github, context))
  const report = overridden ? { ...judged, overriddenBy: inputs.overrideLabel ?? '' } : judged
  setVerdictOutputs(report, context)

  const body = renderComment(report, { marker: commentMarker(key), title: key, runUrl: runUrl(context) })
  context.setOutput('comment-body', body)
  context.setOutput('report-path', writeReport(report, context.environment))
  if (store && trigger.onDefaultBranch)
    await keepBaseline(store, toGateRecord(key, trigger.sha, measurement, modules?.bytes), context)
  await comment(inputs.comment, body, { key, trigger, github, context })
  return { conclusion: conclude(report), headline: headline(report), summary: renderReport(report) }
}

function runUrl(context: ActionContext): string {
  const { serverUrl, repository, runId } = context.run
  return repository === '' || runId === '' ? '' : `${serverUrl}/${repository}/actions/runs/${runId}`
}

/** More than a screen of them is a fold of the log. */
const MOST_LINES_UNFOLDED = 30

async function measureAll(settings: Settings, workspace: string, context: ActionContext): Promise<Measurement> {
  const plans = [...settings.lines, ...(await planRoutes(settings.inputs, workspace))]
  const measurement = await measure(plans, {
    workspace,
    exclude: settings.exclude,
    nameFiles: (paths) => nameFiles(paths, settings.nameRule),
    signal: context.signal,
  })
  const described = measurement.lines.map(describeLine)
  if (described.length > MOST_LINES_UNFOLDED) context.log.group(plural(described.length, 'line'), described)
  else for (const line of described) context.log.info(line)
  context.setOutput('total', measurement.totalBytes)
  return measurement
}

function judgeGate(
  { inputs, nameRule }: Settings,
  measurement: Measurement,
  modules: ModuleSizes | undefined,
  baseline: Baseline | undefined,
  context: ActionContext,
): GateReport {
  const comparison = baseline && 'gate' in baseline ? compare(baseline.gate, measurement, nameRule) : undefined
  const moduleChanges = baseline && 'gate' in baseline ? compareModules(baseline.gate, modules) : undefined
  const paths = measurement.files.map((file) => file.path)
  const judged = judge(measurement, comparison, {
    ...(inputs.totalBudget !== undefined && { totalBudgetBytes: inputs.totalBudget }),
    warnAt: inputs.warnAt,
    ...(inputs.maxIncrease !== undefined && { maxIncreaseBytes: inputs.maxIncrease }),
    ...(inputs.maxIncreasePercent && { maxIncreasePercent: inputs.maxIncreasePercent }),
    minChangeBytes: inputs.minChange,
    failOnMissing: inputs.failOnMissing,
  })
  const judgement = withMissingBaseline(judged, baseline, inputs, context)
  return {
    measurement,
    judgement,
    ...(comparison && { comparison }),
    ...(modules && { modules: modules.bytes }),
    ...(moduleChanges && { moduleChanges }),
    collisions: comparison?.collisions ?? findCollisions(paths, nameRule),
    baselineNote: describeBaseline(baseline, modules),
    ...(inputs.totalBudget !== undefined && { totalBudgetBytes: inputs.totalBudget }),
  }
}

/** Nothing to compare with is worth what `on-missing-baseline` says. */
function withMissingBaseline(
  judgement: Judgement,
  baseline: Baseline | undefined,
  inputs: Inputs,
  context: ActionContext,
): Judgement {
  if (!baseline || 'gate' in baseline) return judgement
  const message = `Nothing to compare with: ${baseline.missing}.`
  if (inputs.onMissingBaseline === 'fail') {
    const violation: Violation = { rule: 'on-missing-baseline', name: 'baseline', bytes: 0, limit: null, message }
    return { ...judgement, violations: [...judgement.violations, violation] }
  }
  if (inputs.onMissingBaseline === 'warn') context.log.warning(message)
  else context.log.info(message)
  return judgement
}

function describeBaseline(baseline: Baseline | undefined, modules: ModuleSizes | undefined): string {
  if (!baseline) return ''
  if ('missing' in baseline) return `Not compared: ${baseline.missing}.`
  const { gate, note } = baseline
  const unknown = modules && !gate.modules ? ' It was measured without source-maps, so it knows no modules.' : ''
  return `Compared with ${gate.sha === '' ? 'a baseline that names no commit' : gate.sha.slice(0, 10)}${note}.${unknown}`
}

function setVerdictOutputs(report: GateReport, context: ActionContext): void {
  const { judgement, comparison } = report
  context.setOutput('passed', judgement.violations.length === 0 || report.overriddenBy !== undefined)
  context.setOutput('violations', judgement.violations)
  context.setOutput('baseline-found', comparison !== undefined)
  context.setOutput('baseline-sha', comparison?.sha ?? '')
  context.setOutput('delta', comparison ? deltaOf(comparison.total) : '')
  context.setOutput('delta-percent', comparison ? printPercent(comparison) : '')
}

function printPercent(comparison: Comparison): string {
  const percent = deltaPercent(comparison.total)
  return percent === undefined ? '' : String(Number(percent.toFixed(2)))
}

/** Over or under budget: the next run is compared with what is on the default branch now. */
async function keepBaseline(
  store: BaselineStore,
  gate: ReturnType<typeof toGateRecord>,
  context: ActionContext,
): Promise<void> {
  try {
    context.log.info(`Baseline written to ${await store.write(gate)}.`)
  } catch (error) {
    if (error instanceof CancelledError) throw error
    context.log.warning(`The baseline could not be written: ${messageOf(error)}`)
  }
}

function conclude(report: GateReport): Verdict['conclusion'] {
  if (report.judgement.violations.length > 0) return report.overriddenBy === undefined ? 'failed' : 'warning'
  return report.judgement.warnings.length > 0 ? 'warning' : 'success'
}
