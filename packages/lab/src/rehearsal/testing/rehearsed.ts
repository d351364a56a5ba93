import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import { ProcessKeeper } from '../../process-keeper.ts'
import type { RunOptions } from '../run-options.ts'
import { runWorkflow } from '../run-workflow.ts'
import type { JobRun, StepRun, WorkflowRun } from '../workflow-run.ts'

const keeper = new ProcessKeeper()
const folders: string[] = []

afterAll(async () => {
  await keeper[Symbol.asyncDispose]()
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

export interface RehearsalSetting extends Omit<RunOptions, 'workflowFile' | 'keeper'> {
  /** Further files of the repository, by path. */
  readonly files?: Readonly<Record<string, string>>
  /** Whether they are committed: only then can they be checked out. */
  readonly isCommitted?: boolean
}

/** A repository with one workflow, in a folder that is removed after the tests. @returns the workflow's file */
export async function writeRepository(workflow: string, { files = {}, isCommitted = false }: RehearsalSetting = {}) {
  const root = await mkdtemp(join(tmpdir(), 'rehearsed-'))
  folders.push(root)
  const workflowFile = join(root, '.github/workflows/test.yml')
  for (const [path, text] of Object.entries({ '.github/workflows/test.yml': workflow, ...files })) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  if (isCommitted) commitAll(root)
  return { root, workflowFile }
}

export function commitAll(root: string, message = 'First commit'): void {
  const run = (...args: string[]) => execFileSync('git', args, { cwd: root, stdio: 'pipe' })
  run('init', '--quiet', '--initial-branch=main')
  run('add', '--all')
  run('-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--message', message)
}

/** A release tree with one action, `greet`. @returns what RunOptions.releaseTree is to be */
export async function writeReleaseTree(): Promise<() => Promise<string>> {
  const tree = await mkdtemp(join(tmpdir(), 'rehearsed-release-'))
  folders.push(tree)
  await mkdir(join(tree, 'greet/dist'), { recursive: true })
  await writeFile(
    join(tree, 'greet/action.yml'),
    'name: Greet\ndescription: Says hello\ninputs: { who: { description: who, default: nobody } }\nruns: { using: node24, main: dist/index.mjs }\n',
  )
  await writeFile(
    join(tree, 'greet/dist/index.mjs'),
    `import { appendFileSync } from 'node:fs'
const greeting = 'Hello ' + process.env.INPUT_WHO
console.log(greeting)
appendFileSync(process.env.GITHUB_OUTPUT, 'greeting=' + greeting)
`,
  )
  return async () => tree
}

/** Writes a repository and runs its workflow. */
export async function rehearse(workflow: string, setting: RehearsalSetting = {}): Promise<WorkflowRun> {
  const { workflowFile } = await writeRepository(workflow, setting)
  return runWorkflow({ ...setting, workflowFile, keeper })
}

/** A workflow of one job, run on push, with these steps. */
export function steps(text: string, job = ''): string {
  const indent = (lines: string, by: number) =>
    lines
      .trim()
      .split('\n')
      .map((line) => ' '.repeat(by) + line)
      .join('\n')
  return `on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n${indent(job, 4)}\n    steps:\n${indent(text, 6)}\n`
}

export function jobOf(run: WorkflowRun, name = 'test'): JobRun {
  const job = run.jobs.find((candidate) => candidate.name === name)
  if (job === undefined) throw new Error(`No job ${name} among ${run.jobs.map((each) => each.name).join(', ')}`)
  return job
}

export function stepOf(run: WorkflowRun, name: string, job = 'test'): StepRun {
  const ran = jobOf(run, job).steps
  const found = ran.find((step) => step.id === name && step.phase === 'main') ?? ran.find((step) => step.name === name)
  if (found === undefined) throw new Error(`No step ${name} among ${jobOf(run, job).steps.map((step) => step.name)}`)
  return found
}

/** What a step itself printed. */
export function printedBy(step: StepRun): readonly string[] {
  return step.log.filter(({ kind }) => kind === 'text').map(({ text }) => text)
}

/** What all steps of a job printed. */
export function printed(run: WorkflowRun, job = 'test'): readonly string[] {
  return jobOf(run, job).steps.flatMap(printedBy)
}

/** `name outcome` of each step, in the order in which they ran. */
export function outcomes(run: WorkflowRun, job = 'test'): readonly string[] {
  return jobOf(run, job).steps.map((step) => `${step.name}: ${step.conclusion}`)
}
