import { messageOf } from '@deploy-kit/core/errors'
import type { Field, InputProblem } from '@deploy-kit/core/inputs'
import manifest from '../action.yml'
import { fields, type Inputs } from './inputs.ts'

type Name = keyof typeof fields

/** The inputs with the keys of the file `shown` over them, each read by the rules of the input of its name. */
export function overlay(
  inputs: Partial<Inputs>,
  shown: string,
  texts: Readonly<Record<string, string>>,
): { inputs: Partial<Inputs>; problems: InputProblem[] } {
  const values: Record<string, unknown> = { ...inputs }
  const problems: InputProblem[] = []
  for (const [name, text] of Object.entries(texts)) {
    // As with inputs, nothing is the same as not given.
    if (text.trim() === '') continue
    const property = propertyOf(name)
    try {
      values[property] = fieldOf(name).parse(text.trim())
    } catch (error) {
      delete values[property]
      problems.push({ inputs: ['config'], message: `${shown}: ${name}: ${messageOf(error)}` })
    }
  }
  return { inputs: values as Partial<Inputs>, problems }
}

/** Whether an input is as action.yml has it, so that nobody can be said to have asked for it. */
export function isDefault(name: Name, inputs: Partial<Inputs>): boolean {
  const value = (inputs as Readonly<Record<string, unknown>>)[propertyOf(name)]
  return (
    value === undefined ||
    JSON.stringify(value) === JSON.stringify(fieldOf(name).parse(manifest.inputs[name]?.default ?? ''))
  )
}

function fieldOf(name: string): Field<unknown> {
  return fields[name as Name]
}

/** `max-increase` is `maxIncrease`, as in InputsOf. */
function propertyOf(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
