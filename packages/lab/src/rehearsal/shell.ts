import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

/** How a script is run: the script's path takes the place of `{0}` in the arguments. */
export interface Shell {
  readonly command: string
  readonly arguments: readonly string[]
  readonly extension: string
  /** As the log shows it. */
  readonly display: string
  /** Lines that the runner puts around the script. */
  readonly wrap: (script: string) => string
}

const known: Readonly<Record<string, { readonly arguments: string; readonly extension: string }>> = {
  bash: { arguments: '--noprofile --norc -e -o pipefail {0}', extension: '.sh' },
  sh: { arguments: '-e {0}', extension: '.sh' },
  python: { arguments: '{0}', extension: '.py' },
  pwsh: { arguments: `-command ". '{0}'"`, extension: '.ps1' },
}

/**
 * @param path the folders in which commands are looked for
 * @param option a step's or a default's `shell`; without one bash runs with `-e` alone, or sh where there is no bash
 * @throws Error in the runner's words when it is none
 * @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
 */
export function findShell(option: string | undefined, path: readonly string[]): Shell {
  if (option === undefined) {
    const command = isInstalled('bash', path) ? 'bash' : 'sh'
    return shellOf(command, '-e {0}', '.sh', `${command} -e {0}`)
  }
  const name = known[option]
  if (name !== undefined) return shellOf(option, name.arguments, name.extension, `${option} ${name.arguments}`)
  const [command = '', ...rest] = option.split(' ')
  const template = rest.join(' ')
  if (!template.includes('{0}'))
    throw new Error(
      "Invalid shell option. Shell must be a valid built-in (bash, sh, cmd, powershell, pwsh) or a format string containing '{0}'",
    )
  const builtin = known[command]
  return shellOf(command, template, builtin?.extension ?? '', option)
}

function shellOf(command: string, template: string, extension: string, display: string): Shell {
  return {
    command,
    arguments: splitArguments(template),
    extension,
    display,
    wrap: (script) => (command === 'pwsh' ? wrapForPowerShell(script) : script.replaceAll('\r\n', '\n')),
  }
}

/** Blanks separate; double quotes keep together, as the runner's process start does. */
function splitArguments(template: string): readonly string[] {
  return [...template.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) => word.replaceAll('"', ''))
}

function wrapForPowerShell(script: string): string {
  const exit = 'if ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }'
  return `$ErrorActionPreference = 'stop'\n${script}\n${exit}`
}

/** Whether a command is in one of the folders, or is a path to a program. */
export function isInstalled(command: string, folders: readonly string[]): boolean {
  const candidates = command.includes('/') ? [command] : folders.map((folder) => join(folder, command))
  return candidates.some((candidate) => {
    try {
      accessSync(candidate, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
