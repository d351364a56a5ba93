import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAst } from 'rolldown/parseAst'
import { repositoryFolder } from './action-folder.ts'

/** A message of an error as the source has it; `…` stands for what is only known when it happens. */
export interface Message {
  readonly code: string
  /** The action, or `core` for what several share. */
  readonly owner: string
  readonly text: string
  readonly advice: string
}

/** Every `new ActionError(code, message, { advice })` of the sources whose message is written there. */
export async function collectMessages(): Promise<readonly Message[]> {
  const files = globSync(['packages/core/src/**/*.ts', 'actions/*/src/**/*.ts'], { cwd: repositoryFolder })
  const sources = files
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !/\.test\.ts$|\/testing\//.test(file))
  const found = sources.toSorted().map(async (file) => {
    const owner = /^actions\/([^/]+)/.exec(file)?.[1] ?? 'core'
    return readMessages(owner, await readFile(join(repositoryFolder, file), 'utf8'))
  })
  return (await Promise.all(found)).flat()
}

export function readMessages(owner: string, source: string): readonly Message[] {
  const messages: Message[] = []
  walk(parseAst(source, { lang: 'ts' }), (node) => {
    if (node.type !== 'NewExpression' || (node.callee as Node).name !== 'ActionError') return
    const [code, message, options] = node.arguments as readonly (Node | undefined)[]
    const text = textOf(message)
    // A message that is wholly made elsewhere says nothing here.
    if (!/[a-z]{3}/.test(text)) return
    messages.push({ code: textOf(code), owner, text, advice: textOf(memberOf(options, 'advice')) })
  })
  return messages
}

/** The section of docs/messages.md: a heading for each code of `errors.ts`, and below it the messages that have it. */
export function renderMessages(messages: readonly Message[], errors: string): string {
  const kinds = [...errors.matchAll(/\/\*\* (.+?) \*\/\s+\| '([a-z-]+)'/g)]
  const codes = kinds.map(([, meaning = '', code = '']) => ({ code, meaning }))
  // A message around another error has the code of that one.
  const all = [...codes, { code: '…', meaning: 'What is added to an error of any kind.' }]
  const sections = all.map(({ code, meaning }) => {
    const rows = messages.filter((message) => message.code === code).toSorted(byOwner)
    const table = ['', '| Action | Message | What to do |', '|---|---|---|', ...rows.map(renderRow)]
    if (code === '…' && rows.length === 0) return ''
    return [`### ${code === '…' ? 'Any kind' : code}`, '', meaning, ...(rows.length === 0 ? [] : table)].join('\n')
  })
  return sections.filter((section) => section !== '').join('\n\n')
}

function byOwner(one: Message, other: Message): number {
  // What every action may say comes first.
  const [first, second] = [one, other].map(({ owner, text }) => `${owner === 'core' ? '' : owner} ${text}`)
  return (first ?? '') < (second ?? '') ? -1 : 1
}

function renderRow({ owner, text, advice }: Message): string {
  return `| ${owner === 'core' ? 'several' : owner} | ${cell(text)} | ${cell(advice)} |`
}

function cell(text: string): string {
  return text
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[|<*_[\]\\]/g, '\\$&')
}

type Node = Readonly<Record<string, unknown>> & { readonly type: string }

function walk(value: unknown, visit: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value) && 'type' in value) visit(value as Node)
  for (const member of Object.values(value)) walk(member, visit)
}

function textOf(node: Node | undefined): string {
  if (node?.type === 'Literal') return String(node.value)
  if (node?.type === 'BinaryExpression') return textOf(node.left as Node) + textOf(node.right as Node)
  if (node?.type === 'TemplateLiteral') {
    const quasis = node.quasis as readonly { readonly value: { readonly cooked: string } }[]
    return quasis.map(({ value }) => value.cooked).join('…')
  }
  return node === undefined ? '' : '…'
}

function memberOf(node: Node | undefined, name: string): Node | undefined {
  const properties = (node?.properties ?? []) as readonly {
    readonly key: { readonly name?: string }
    readonly value: Node
  }[]
  return properties.find(({ key }) => key?.name === name)?.value
}
