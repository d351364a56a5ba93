/** A workflow command on a line of output: `::error file=a.js,line=1::It broke`. */
export interface WorkflowCommand {
  readonly name: string
  readonly properties: Readonly<Record<string, string>>
  readonly data: string
}

/** Both forms that the runner reads: `::name key=value::data`, and the older `##[name key=value;]data`. */
export function parseWorkflowCommand(line: string): WorkflowCommand | undefined {
  return parseColons(line.trimStart()) ?? parseBrackets(line)
}

function parseColons(line: string): WorkflowCommand | undefined {
  const match = /^::([^\s:]+)(?: (.*?))?::(.*)$/s.exec(line)
  if (match === null) return undefined
  const [, name = '', properties = '', data = ''] = match
  return {
    name: name.toLowerCase(),
    properties: parseProperties(properties, ',', unescapeProperty),
    data: unescapeData(data),
  }
}

function parseBrackets(line: string): WorkflowCommand | undefined {
  const match = /##\[([^\s\]]+)(?: ([^\]]*))?\](.*)$/s.exec(line)
  if (match === null) return undefined
  const [, name = '', properties = '', data = ''] = match
  return {
    name: name.toLowerCase(),
    properties: parseProperties(properties, ';', unescapeBracketed),
    data: unescapeBracketed(data),
  }
}

function parseProperties(text: string, separator: string, decode: (text: string) => string): Record<string, string> {
  const pairs = text.split(separator).flatMap((part) => {
    const at = part.indexOf('=')
    return at > 0 ? [[part.slice(0, at).trim(), decode(part.slice(at + 1))] as const] : []
  })
  return Object.fromEntries(pairs)
}

function unescapeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

function unescapeProperty(text: string): string {
  return unescapeData(text.replaceAll('%3A', ':').replaceAll('%2C', ','))
}

function unescapeBracketed(text: string): string {
  return unescapeData(text.replaceAll('%3B', ';').replaceAll('%5D', ']'))
}
