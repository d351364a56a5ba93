import { appendFileSync } from 'node:fs'

/** What GitHub's toolkit would do, for actions that have nothing but Node. */
export function readInput(name: string): string {
  return (process.env[`INPUT_${name.toUpperCase()}`] ?? '').trim()
}

export function setOutput(name: string, value: string): void {
  append('GITHUB_OUTPUT', `${name}=${value}`)
}

export function exportVariable(name: string, value: string): void {
  append('GITHUB_ENV', `${name}=${value}`)
}

export function maskSecret(value: string): void {
  console.log(`::add-mask::${value}`)
}

/** Ends the step as failed. */
export function failStep(message: string): never {
  console.log(`::error::${message.replaceAll('%', '%25').replaceAll('\n', '%0A')}`)
  process.exit(1)
}

function append(variable: string, line: string): void {
  appendFileSync(process.env[variable] ?? '', `${line}\n`)
}
