import { AwsError, type Input } from '../service.ts'
import { checkTags, NO_TAGS, type Tags } from './tags.ts'

/** Reads one member of a request; `undefined` when it was not given. */
type Reader<T> = (value: unknown, name: string) => T

/** What an operation takes: names of its own for the members of the request, and how to read each. */
type Shape = Readonly<Record<string, readonly [member: string, reader: Reader<unknown>]>>

/**
 * Reads the members of a request.
 * @throws AwsError MissingParameter, InvalidParameterValue; a member that the operation of the lab does not have is
 * refused, because a setting that is taken and ignored would make a test pass that fails in AWS
 */
export function readRequest<const Members extends Shape>(
  operation: string,
  input: Input,
  shape: Members,
): { readonly [Name in keyof Members]: ReturnType<Members[Name][1]> } {
  const known = Object.values(shape).map(([member]) => member)
  const unknown = Object.keys(input).filter((member) => !known.includes(member))
  if (unknown.length > 0) {
    throw new AwsError(
      'InvalidParameterValue',
      `The lab does not support ${unknown.join(', ')} in ${operation}. Leave it out; it supports ${known.join(', ')}.`,
    )
  }
  const read = Object.entries(shape).map(([name, [member, reader]]) => [name, reader(input[member], member)])
  return Object.fromEntries(read)
}

export const text: Reader<string | undefined> = (value, name) => {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.trim() === '') {
    throw new AwsError('InvalidParameterValue', `The parameter ${name} must be provided and must not be blank.`)
  }
  return value
}

export const requiredText: Reader<string> = (value, name) => {
  const given = text(value, name)
  if (given === undefined) {
    throw new AwsError('MissingParameter', `The request must contain the parameter ${name}.`)
  }
  return given
}

export const integer: Reader<number | undefined> = (value, name) => {
  if (value === undefined) return undefined
  if (!/^-?\d{1,9}$/.test(String(value))) {
    throw new AwsError('MalformedInput', `${name} must be a whole number, and is "${String(value)}".`)
  }
  return Number(value)
}

export const flag: Reader<boolean | undefined> = (value, name) => {
  if (value === undefined) return undefined
  if (value !== 'true' && value !== 'false') {
    throw new AwsError('MalformedInput', `${name} must be true or false, and is "${String(value)}".`)
  }
  return value === 'true'
}

export const texts: Reader<readonly string[] | undefined> = (value, name) => {
  if (value === undefined || value === '') return undefined
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new AwsError('MalformedInput', `${name} must be a list of strings.`)
  }
  return value
}

export const tags: Reader<Tags> = (value, name) => {
  if (value === undefined || value === '') return NO_TAGS
  if (!Array.isArray(value)) throw new AwsError('MalformedInput', `${name} must be a list of tags.`)
  return checkTags(value)
}

export interface Filter {
  readonly name: string
  readonly values: readonly string[]
}

export const filters: Reader<readonly Filter[]> = (value, name) => {
  if (value === undefined || value === '') return []
  if (!Array.isArray(value)) throw new AwsError('MalformedInput', `${name} must be a list of filters.`)
  return value.map((filter) => {
    const values = texts(filter.Values, `${name}.Values`)
    if (typeof filter.Name !== 'string' || values === undefined) {
      throw new AwsError('MissingParameter', `Each of ${name} must contain the parameters Name and Values.`)
    }
    return { name: filter.Name, values }
  })
}
