/** `npx --yes pnpm@12 rehearse [<workflow file>]` */
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import { type RehearseArguments, readArguments, usage } from './rehearsal/command-line.ts'
import { type Interruption, listenForInterruption } from './rehearsal/interruption.ts'
import { Refusal } from './rehearsal/refusal.ts'
import { rehearseFile } from './rehearsal/rehearse-file.ts'
import { writeReport } from './rehearsal/report/report.ts'
import { playScene, scenes } from './rehearsal/scenes.ts'

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd())
  if (given.isHelpAsked) {
    console.log(usage)
    return 0
  }
  const interruption = listenForInterruption((line) => console.log(line))
  const { workflowFile } = given
  const rehearsing =
    workflowFile === undefined
      ? rehearseScenes(interruption.cancelled)
      : rehearse({ ...given, workflowFile }, interruption.cancelled)
  return endingEarly(interruption, rehearsing)
}

async function rehearse(given: RehearseArguments & { workflowFile: string }, signal: AbortSignal): Promise<number> {
  const rehearsal = await rehearseFile(given, signal, () => ensureReleaseTree(), console.log)
  console.log(`The workflow ended: ${rehearsal.run.conclusion}`)
  console.log(`Report: ${await writeReport(rehearsal.title, [rehearsal])}`)
  return rehearsal.run.conclusion === 'success' ? 0 : 1
}

/** The example's workflow, once for each thing that can happen to a release. */
async function rehearseScenes(signal: AbortSignal): Promise<number> {
  const releaseTree = await ensureReleaseTree()
  const rehearsals = []
  for (const [index, scene] of scenes.entries()) {
    const options = { number: index + 1, releaseTree: async () => releaseTree, signal, print: console.log }
    rehearsals.push(await playScene(scene, options))
    if (signal.aborted) break
  }
  const failed = rehearsals.filter(({ expectations }) => !expectations.every(({ holds }) => holds))
  const isComplete = rehearsals.length === scenes.length && failed.length === 0
  console.log(isComplete ? 'All scenes ended as they must.' : 'Not every scene ended as it must; see the lines with ✗.')
  console.log(`Report: ${await writeReport('deploy-kit: a rehearsed deployment', rehearsals)}`)
  return isComplete ? 0 : 1
}

/** What still runs then is ended by the reapers of its keepers, which outlive this process. */
async function endingEarly({ cancelled, ended }: Interruption, work: Promise<number>): Promise<number> {
  const outcome = work.catch((error: unknown) => {
    // Ctrl-C also reaches the programs that prepare a run, and their end is no news.
    if (cancelled.aborted)
      throw new Error('Cancelled before the run had finished; nothing is left running', { cause: error })
    throw error
  })
  return Promise.race([outcome, ended.then(() => 130)])
}

try {
  process.exit(await main())
} catch (error) {
  if (error instanceof Refusal) console.error(`Refused, nothing was run:\n${error.message}`)
  else console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
