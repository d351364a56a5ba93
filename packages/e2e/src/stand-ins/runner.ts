/**
 * A runner that can die: plays the workflow that it is sent and tells of every step. Whoever started it kills it, and
 * with it ends all that it had started.
 */
import { once } from 'node:events'
import type { RunOptions } from '@deploy-kit/lab/rehearsal/run-options'
import { runWorkflow } from '@deploy-kit/lab/rehearsal/run-workflow'
import { ensureReleaseTree } from '@deploy-kit/release/tree'

const [options] = (await once(process, 'message')) as [RunOptions]
const tell = (step: string): void => void process.send?.(step)
const run = await runWorkflow({
  ...options,
  releaseTree: () => ensureReleaseTree(),
  onEvent: (event) => {
    if (event.kind === 'stepStarted') tell(event.step.name)
  },
})
tell(`ended: ${run.conclusion}`)
process.disconnect()
