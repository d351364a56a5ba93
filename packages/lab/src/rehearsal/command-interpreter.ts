import type { Masker } from './masker.ts'
import type { StepLog } from './step-log.ts'
import { parseWorkflowCommand, type WorkflowCommand } from './workflow-command.ts'
import type { Annotation } from './workflow-run.ts'

export interface CommandReceiver {
  readonly log: StepLog
  readonly masker: Masker
  readonly setOutput: (name: string, value: string) => void
  readonly saveState: (name: string, value: string) => void
  /** Debug messages are shown only where the secret or variable ACTIONS_STEP_DEBUG is `true`. */
  readonly isDebug: boolean
  /** Called for a command that fails the step, with what the runner says about it. */
  readonly onRefused: (message: string) => void
}

type Handler = (command: WorkflowCommand, line: string) => void

/**
 * Reads the output of one step by the line: workflow commands are done, everything else is logged.
 * @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
export class CommandInterpreter {
  readonly #receiver: CommandReceiver
  readonly #handlers: ReadonlyMap<string, Handler>
  #stopToken: string | undefined
  #isEchoing = false

  constructor(receiver: CommandReceiver) {
    this.#receiver = receiver
    this.#handlers = this.#createHandlers(receiver)
  }

  readLine(line: string): void {
    const command = parseWorkflowCommand(line)
    const handler = command === undefined ? undefined : this.#handlers.get(command.name)
    if (this.#stopToken !== undefined) {
      const isEnd = command?.name === this.#stopToken.toLowerCase()
      if (isEnd) this.#stopToken = undefined
      this.#receiver.log.write(line, isEnd ? 'command' : 'text')
    } else if (command === undefined || handler === undefined) this.#receiver.log.write(line)
    else handler(command, line)
  }

  #createHandlers({ log, isDebug }: CommandReceiver): ReadonlyMap<string, Handler> {
    const annotate =
      (level: Annotation['level']): Handler =>
      (command) =>
        log.annotate(annotationOf(level, command))
    const leaveMatchers: Handler = ({ name }) => log.write(`Problem matchers are not used in a rehearsal (${name})`)
    return new Map<string, Handler>([
      ['group', ({ data }) => log.write(data, 'group')],
      ['endgroup', () => log.write('', 'endGroup')],
      ['error', annotate('error')],
      ['warning', annotate('warning')],
      ['notice', annotate('notice')],
      ['debug', ({ data }) => isDebug && log.write(data, 'debug')],
      ['stop-commands', ({ data }, line) => this.#stop(data, line)],
      ['echo', ({ data }) => this.#echo(data)],
      ['add-mask', ({ data }) => this.#addMask(data)],
      ['add-matcher', leaveMatchers],
      ['remove-matcher', leaveMatchers],
      ['set-output', (command, line) => this.#setDeprecated(command, line)],
      ['save-state', (command, line) => this.#setDeprecated(command, line)],
      ['set-env', ({ name }) => this.#refuseDisabled(name)],
      ['add-path', ({ name }) => this.#refuseDisabled(name)],
    ])
  }

  /** These still work on GitHub, with a warning. */
  #setDeprecated({ name, properties, data }: WorkflowCommand, line: string): void {
    const { log, onRefused, saveState, setOutput } = this.#receiver
    const key = properties.name ?? ''
    if (key === '') {
      onRefused(`Required field 'name' is missing in ##[${name}] command.`)
      return
    }
    log.warn(
      `The \`${name}\` command is deprecated and will be disabled soon. Please upgrade to using Environment Files.`,
    )
    if (name === 'set-output') setOutput(key, data)
    else saveState(key, data)
    if (this.#isEchoing) log.write(line)
  }

  #refuseDisabled(name: string): void {
    this.#receiver.onRefused(`The \`${name}\` command is disabled. Please upgrade to using Environment Files.`)
  }

  /** A command's own name cannot be the token: it would never be heard again as the end. */
  #stop(token: string, line: string): void {
    if (token === '' || token === 'pause-logging' || this.#handlers.has(token.toLowerCase())) {
      this.#receiver.onRefused(`Invoked ::stop-commands:: with token: [${token}], which cannot end it again.`)
      return
    }
    this.#stopToken = token
    this.#receiver.log.write(line, 'command')
  }

  #echo(data: string): void {
    if (data === 'on' || data === 'off') this.#isEchoing = data === 'on'
    else
      this.#receiver.onRefused(
        `Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '${data}'.`,
      )
  }

  #addMask(secret: string): void {
    if (secret.trim() === '') this.#receiver.log.warn("Can't add secret mask for empty string in ##[add-mask] command.")
    else this.#receiver.masker.add(secret)
    if (this.#isEchoing) this.#receiver.log.write('::add-mask::***')
  }
}

function annotationOf(level: Annotation['level'], { data, properties }: WorkflowCommand): Annotation {
  const numberOf = (text: string | undefined) => (text === undefined || !/^\d+$/.test(text) ? undefined : Number(text))
  return {
    level,
    message: data,
    title: properties.title,
    file: properties.file,
    line: numberOf(properties.line),
    endLine: numberOf(properties.endLine),
    column: numberOf(properties.col),
    endColumn: numberOf(properties.endColumn),
  }
}
