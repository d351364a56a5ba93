import { boolean, choice, list, optional, secret, size, text } from '@deploy-kit/core/input-fields'
import type { CrossCheck, InputProblem, InputsOf } from '@deploy-kit/core/inputs'
import { fileLine, findSameNames } from './file-line.ts'
import { nameRule } from './file-names.ts'
import { pattern } from './pattern.ts'
import { percent } from './percent.ts'

export const fields = {
  files: list(fileLine()),
  exclude: list(pattern()),
  config: optional(text(refuseJavaScript)),
  compression: choice('gzip', 'brotli', 'none'),
  budget: optional(size()),
  'total-budget': optional(size()),
  'warn-at': percent({ max: 100 }),
  'max-increase': optional(size()),
  'max-increase-percent': optional(percent()),
  'min-change': size(),
  'strip-hash': nameRule(),
  'fail-on-missing': boolean(),
  'source-maps': boolean(),
  'build-command': optional(text()),
  'next-dir': optional(text()),
  'route-budget': optional(size()),
  baseline: choice('branch', 'file', 'none'),
  'baseline-branch': text(checkBranchName),
  'baseline-file': optional(text()),
  'on-missing-baseline': choice('warn', 'fail', 'ignore'),
  comment: choice('auto', 'always', 'never'),
  'comment-key': optional(text(checkKey)),
  'github-token': optional(secret(text())),
  'override-label': optional(text()),
}

export type Inputs = InputsOf<typeof fields>

/** What no single input can see. With a configuration file the whole is looked at once the file is read. */
export const checkInputs: CrossCheck<typeof fields> = (inputs) => {
  return inputs.config === undefined ? [...checkFiles(inputs), ...checkTogether(inputs)] : []
}

export const checkFiles: CrossCheck<typeof fields> = (inputs) => {
  if (inputs.files?.length !== 0 || inputs.nextDir !== undefined) return []
  return [{ inputs: ['files'], message: 'is required unless config or next-dir says what to measure' }]
}

export const checkTogether: CrossCheck<typeof fields> = (inputs) => {
  const problems: InputProblem[] = []
  const same = findSameNames(inputs.files ?? [])
  if (same.length > 0) {
    const names = same.map((name) => `'${name}'`).join(', ')
    problems.push({ inputs: ['files'], message: `several lines are called ${names}; give each a name of its own` })
  }
  if (inputs.baseline === 'file' && inputs.baselineFile === undefined)
    problems.push({ inputs: ['baseline', 'baseline-file'], message: 'the file of the baseline is not given' })
  if (inputs.baseline !== undefined && inputs.baseline !== 'file' && inputs.baselineFile !== undefined)
    problems.push({
      inputs: ['baseline-file'],
      message: `is not used with baseline: ${inputs.baseline}; set baseline: file`,
    })
  for (const [name, value] of [
    ['max-increase', inputs.maxIncrease],
    ['max-increase-percent', inputs.maxIncreasePercent],
  ] as const) {
    if (inputs.baseline === 'none' && value !== undefined)
      problems.push({ inputs: [name], message: 'could never fail with baseline: none, which compares with nothing' })
  }
  return problems
}

function refuseJavaScript(given: string): string | undefined {
  if (!/\.[cm]?[jt]sx?$/.test(given)) return undefined
  return `'${given}' is a program, which is not run; write its configuration as JSON or YAML`
}

/** git check-ref-format(1), as far as a workflow author can get it wrong. */
function checkBranchName(given: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what git refuses.
  const bad = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|^-|(^|\/)\.|\.lock(\/|$)/
  if (given.startsWith('refs/')) return `'${given}' is a full reference; write the branch's name only`
  return bad.test(given) || given === '@' ? `'${given}' is not a name that git allows for a branch` : undefined
}

function checkKey(given: string): string | undefined {
  return /[\r\n]/.test(given) ? 'is a name, and has to be one line' : undefined
}
