import { fileURLToPath } from 'node:url'
import { startLab } from '../lab.ts'
import { loadWorld } from '../world.ts'
import { createConsoleLog } from './console-log.ts'
import { describeFacts } from './facts.ts'
import { observe, type Rehearsal } from './rehearsal.ts'
import { runWorkflow } from './run-workflow.ts'
import { lostVisits } from './traffic.ts'
import type { StepRun, WorkflowRun } from './workflow-run.ts'

const exampleFile = (path: string): string =>
  fileURLToPath(new URL(`../../../../docs/examples/finance-hub/${path}`, import.meta.url))

interface Scene {
  readonly name: string
  /** The image tag that is deployed; lab.yml says what is wrong with it. */
  readonly version: string
  readonly judge: (rehearsal: Seen) => readonly Claim[]
}

type Seen = Omit<Rehearsal, 'expectations'>
/** What must be true at the end, and whether it is. */
type Claim = readonly [statement: string, holds: boolean]

const running = '1.4.0'

export const scenes: readonly Scene[] = [
  {
    name: 'a good release',
    version: '1.5.0',
    judge: ({ run, after }) => [
      ['the workflow succeeds', run.conclusion === 'success'],
      ['version 1.5.0 is served and healthy', after.health?.version === '1.5.0' && after.health.status === 200],
      ['the new migration is applied', after.migrations.includes('002_add_transfer_reference.sql')],
    ],
  },
  {
    name: 'a bad release is rolled back',
    version: '1.6.0',
    judge: ({ run, after, visits }) => [
      ['the job fails', run.conclusion === 'failure'],
      ['the new version was in service', visits.some(({ version }) => version === '1.6.0')],
      [
        `version ${running} is served again and healthy`,
        after.health?.version === running && after.health.status === 200,
      ],
      ['the post step says that it rolled back', /rolled back/i.test(postStepOf(run, 'auto-rollback')?.summary ?? '')],
    ],
  },
  {
    name: 'a failing migration stops the release',
    version: '1.7.0',
    judge: ({ run, before, after, visits }) => [
      ['the job fails', run.conclusion === 'failure'],
      ['nothing was deployed', JSON.stringify(after.services) === JSON.stringify(before.services)],
      [`only version ${running} was ever served`, visits.every(({ version }) => version === running)],
      ['the failed migration left nothing behind', !after.migrations.includes('003_forbid_overdraft.sql')],
      [
        'the message says which statement failed',
        messagesOf(run).some((message) => message.includes('accounts_not_overdrawn')),
      ],
    ],
  },
]

/** True at the end of every scene. */
function judgeAlways({ before, after, visits }: Seen): readonly Claim[] {
  return [
    ['a snapshot was taken and is available', after.snapshots.some(({ status }) => status === 'available')],
    ['every task that should run runs', after.services.every(({ running, desired }) => running === desired)],
    ['users were never without service', visits.length > 0 && lostVisits(visits).length === 0],
    [
      'no row was lost',
      before.tables.every(({ name, rows }) => (after.tables.find((table) => table.name === name)?.rows ?? 0) >= rows),
    ],
  ]
}

function postStepOf(run: WorkflowRun, action: string): StepRun | undefined {
  return run.jobs
    .flatMap((job) => job.steps)
    .find((step) => step.phase === 'post' && step.uses?.includes(`/${action}@`))
}

function messagesOf(run: WorkflowRun): readonly string[] {
  return run.jobs.flatMap((job) => job.annotations).map(({ message }) => message)
}

/** Plays one scene in a lab of its own and prints it as it happens, then what is true afterwards. */
export async function playScene(
  scene: Scene,
  options: { number: number; releaseTree: () => Promise<string>; signal: AbortSignal; print: (line: string) => void },
): Promise<Rehearsal> {
  const { print } = options
  const title = `Scene ${options.number}: ${scene.name}`
  print(title)
  await using lab = await startLab({ world: await loadWorld(exampleFile('lab.yml')), repository: 'org/finance-hub' })
  const seen = await observe(lab, title, () =>
    runWorkflow({
      workflowFile: exampleFile('.github/workflows/deploy.yml'),
      event: 'workflow_dispatch',
      inputs: { version: scene.version },
      vars: lab.variables,
      environment: lab.environment,
      github: lab.github,
      releaseTree: options.releaseTree,
      signal: options.signal,
      onEvent: createConsoleLog((line) => print(`  ${line}`)),
    }),
  )
  const claims = [...scene.judge(seen), ...judgeAlways(seen)]
  print('  Afterwards, as the running system shows it:')
  for (const line of describeFacts(seen.after)) print(`    ${line}`)
  print(`    requests by users: ${seen.visits.length}, lost: ${lostVisits(seen.visits).length}`)
  for (const [statement, holds] of claims) print(`    ${holds ? '✓' : '✗'} ${statement}`)
  return { ...seen, expectations: claims.map(([statement, holds]) => ({ statement, holds })) }
}
