import type { Annotation, Conclusion, JobHeading, JobRun, RunEvent, StepRun } from './workflow-run.ts'

const signs: Readonly<Record<Conclusion, string>> = { success: '✓', failure: '✗', cancelled: '■', skipped: '-' }
const tailLines = 20

/**
 * Prints a run as it happens: one line a step, its warnings, and what a failing step said last.
 * @returns what runWorkflow is to call with every event
 */
export function createConsoleLog(print: (line: string) => void): (event: RunEvent) => void {
  return (event) => {
    if (event.kind === 'notice') print(`note: ${event.text}`)
    else if (event.kind === 'jobStarted') print(`${event.job.name}: started`)
    else if (event.kind === 'stepEnded') for (const line of stepLines(event.job, event.step)) print(line)
    else if (event.kind === 'jobEnded') for (const line of jobLines(event.job)) print(line)
  }
}

function stepLines(job: JobHeading, step: StepRun): readonly string[] {
  const remark = step.remark === '' ? '' : ` (${step.remark})`
  const forgiven = step.outcome === step.conclusion ? '' : ' (failed; continue-on-error)'
  const line = `${job.name}: ${signs[step.outcome]} ${step.name} ${secondsOf(step)}${remark}${forgiven}`
  if (step.outcome !== 'failure' && step.outcome !== 'cancelled') return [line, ...warningsOf(step)]
  // What the runner says about itself is known from the line above.
  const said = step.log.filter(({ kind }) => kind !== 'command' && kind !== 'group' && kind !== 'endGroup')
  const tail = said.slice(-tailLines).map(({ kind, text }) => `    | ${kind === 'text' ? '' : `${kind}: `}${text}`)
  const left = said.length - tail.length
  return [line, ...(left > 0 ? [`    | … ${left} lines before these are in the report`] : []), ...tail]
}

/** On GitHub they stand on the run's first page: an input that the action does not have, for one. */
function warningsOf(step: StepRun): readonly string[] {
  return step.log.filter(({ kind }) => kind === 'warning').map(({ text }) => `    | warning: ${text}`)
}

function jobLines(job: JobRun): readonly string[] {
  const own = job.annotations.filter((annotation) => !job.steps.some((step) => step.annotations.includes(annotation)))
  const seconds =
    job.startedAt === undefined ? '' : ` ${secondsOf({ startedAt: job.startedAt, endedAt: job.endedAt! })}`
  return [...own.map((annotation) => describeAnnotation(job, annotation)), `${job.name}: ${job.conclusion}${seconds}`]
}

function describeAnnotation(job: JobHeading, { level, message }: Annotation): string {
  return `${job.name}: ${level}: ${message}`
}

function secondsOf({ startedAt, endedAt }: { readonly startedAt: Date; readonly endedAt: Date }): string {
  return `${((endedAt.getTime() - startedAt.getTime()) / 1000).toFixed(1)} s`
}
