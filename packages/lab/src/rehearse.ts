/** `npx --yes pnpm@12 rehearse [<workflow file>]` */
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import { type RehearseArguments, readArguments, usage } from './rehearsal/command-line.ts'
import { type Interruption, listenForInterruption } from './rehearsal/interruption.ts'
import { writeReport } from './rehearsal/plain-report.ts'
import { Refusal } from './rehearsal/refusal.ts'
import { rehearseFile } from './rehearsal/rehearse-file.ts'

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd())
  if (given.isHelpAsked) {
    console.log(usage)
    return 0
  }
  const interruption = listenForInterruption((line) => console.log(line))
  const { workflowFile } = given
  if (workflowFile === undefined) throw new Error('The scenes of the example are not written yet; name a workflow file')
  return endingEarly(interruption, rehearse({ ...given, workflowFile }, interruption.cancelled))
}

async function rehearse(given: RehearseArguments & { workflowFile: string }, signal: AbortSignal): Promise<number> {
  const { run } = await rehearseFile(given, signal, () => ensureReleaseTree(), console.log)
  console.log(`The workflow ended: ${run.conclusion}`)
  console.log(`Report: ${await writeReport(run)}`)
  return run.conclusion === 'success' ? 0 : 1
}

/** What still runs then is ended by the reapers of its keepers, which outlive this process. */
async function endingEarly({ ended }: Interruption, work: Promise<number>): Promise<number> {
  return Promise.race([work, ended.then(() => 130)])
}

try {
  process.exit(await main())
} catch (error) {
  if (error instanceof Refusal) console.error(`Refused, nothing was run:\n${error.message}`)
  else console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
