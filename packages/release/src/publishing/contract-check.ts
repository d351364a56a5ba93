import type { ActionFile } from '../action-file.ts'

/** The action.yml of each action of a release tree, by the action's name. */
export type Contract = ReadonlyMap<string, ActionFile>

/**
 * What a workflow written for `before` would notice in `after`, one sentence each; none within one major version.
 *
 * New inputs and outputs are no break, unless the input has to be given.
 */
export function findBreaks(before: Contract, after: Contract): readonly string[] {
  return [...before].flatMap(([action, former]) => {
    const current = after.get(action)
    if (current === undefined) return [`${action}: the action is gone`]
    return [...findInputBreaks(former, current), ...findOutputBreaks(former, current)].map(
      (each) => `${action}: ${each}`,
    )
  })
}

function findInputBreaks(before: ActionFile, after: ActionFile): readonly string[] {
  const changed = Object.entries(before.inputs).flatMap(([name, former]) => {
    const current = after.inputs[name]
    if (current === undefined) return [`the input ${name} is gone`]
    if (current.required && !former.required) return [`the input ${name} has become required`]
    const [was = '', is = ''] = [former.default, current.default]
    return was === is ? [] : [`the default of ${name} was '${was}' and is '${is}'`]
  })
  const added = Object.entries(after.inputs).filter(([name, input]) => input.required && !(name in before.inputs))
  return [...changed, ...added.map(([name]) => `the new input ${name} is required`)]
}

function findOutputBreaks(before: ActionFile, after: ActionFile): readonly string[] {
  const gone = Object.keys(before.outputs).filter((name) => !(name in after.outputs))
  return gone.map((name) => `the output ${name} is gone`)
}
