import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/index'
import { problemAt, Refusal } from './refusal.ts'
import { asString, membersOf, planSteps } from './step-plan.ts'
import { readActionTemplate } from './template-file.ts'
import type { StepPlan } from './workflow-plan.ts'

/** An action.yml that GitHub would accept and that can be run here. */
export interface ActionManifest {
  readonly file: string
  readonly name: string
  readonly inputs: readonly ActionInput[]
  readonly outputs: ReadonlyMap<string, TemplateToken | undefined>
  readonly runs: NodeRuns | CompositeRuns
}

export interface ActionInput {
  readonly name: string
  readonly fallback: TemplateToken | undefined
  readonly deprecation: string | undefined
}

/** Paths are relative to the action's folder; conditions stand as they were written. */
export interface NodeRuns {
  readonly kind: 'node'
  readonly using: string
  readonly main: string
  readonly pre: string | undefined
  readonly preIf: TemplateToken | undefined
  readonly post: string | undefined
  readonly postIf: TemplateToken | undefined
}

export interface CompositeRuns {
  readonly kind: 'composite'
  readonly steps: readonly StepPlan[]
}

/** The action file of a folder; undefined when it has none. */
export function findActionFile(directory: string): string | undefined {
  return ['action.yml', 'action.yaml'].map((name) => join(directory, name)).find((file) => existsSync(file))
}

/** @throws Refusal when the file is not as GitHub wants it, or the action needs a container */
export async function readActionManifest(file: string, shownAs = file): Promise<ActionManifest> {
  return parseActionManifest(shownAs, await readFile(file, 'utf8'))
}

/** @throws Refusal */
export function parseActionManifest(file: string, content: string): ActionManifest {
  const template = readActionTemplate(file, content)
  const members = membersOf(template.root)
  const runs = membersOf(members.get('runs'))
  const using = runs.get('using')?.toString() ?? ''
  if (using === 'docker')
    throw new Refusal([
      problemAt(file, runs.get('using'), 'The action runs in a container, which the rehearsal cannot do'),
    ])
  return {
    file,
    name: members.get('name')?.toString() ?? '',
    inputs: [...membersOf(members.get('inputs'))].map(([name, input]) => ({
      name,
      fallback: membersOf(input).get('default'),
      deprecation: membersOf(input).get('deprecationMessage')?.toString(),
    })),
    outputs: new Map(
      [...membersOf(members.get('outputs'))].map(([name, output]) => [name, membersOf(output).get('value')]),
    ),
    runs:
      using === 'composite'
        ? { kind: 'composite', steps: planSteps(template, runs.get('steps')) }
        : {
            kind: 'node',
            using,
            main: asString(runs.get('main'))?.value ?? '',
            pre: asString(runs.get('pre'))?.value,
            preIf: runs.get('pre-if'),
            post: asString(runs.get('post'))?.value,
            postIf: runs.get('post-if'),
          },
  }
}
