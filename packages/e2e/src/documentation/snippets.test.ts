import { spawnSync } from 'node:child_process'
import { ProcessKeeper } from '@deploy-kit/lab/process-keeper'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { actionNames, findInputProblems, findOutputProblems } from './action-use.ts'
import { findWorkflowProblems } from './checked-workflow.ts'
import { listPages } from './page.ts'
import { readYamlSnippet } from './yaml-snippet.ts'

/**
 * What stands in the README and in docs is what somebody copies. Every snippet is checked as far as that goes without
 * running it; none is left out.
 */
const pages = await listPages()
const snippets = pages.flatMap((page) => page.snippets.map((snippet) => ({ ...snippet, page: page.path })))
const inLanguage = (language: string) => snippets.filter((snippet) => snippet.language === language)

let keeper: ProcessKeeper
beforeAll(() => {
  keeper = new ProcessKeeper()
})
afterAll(() => keeper[Symbol.asyncDispose]())

async function problemsOf(text: string, page: string): Promise<readonly string[]> {
  const { workflow, uses, scripts } = readYamlSnippet(text, actionOf(page))
  return [
    ...(workflow === undefined ? [] : await findWorkflowProblems(workflow, keeper)),
    ...uses.flatMap(findInputProblems),
    ...findOutputProblems(workflow ?? '', uses),
    ...scripts.flatMap(findScriptProblems),
  ]
}

/** What comes from outside as a part of a script, and what bash cannot parse; on Windows there may be none. */
function findScriptProblems(script: string): readonly string[] {
  if (script.includes('${{')) return ['An expression in a script is run as a part of it: hand it over by env']
  if (process.platform === 'win32') return []
  return spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })
    .stderr.split('\n')
    .filter((line) => line !== '')
}

/** `docs/health-check.md`, `actions/health-check/README.md`; conditions are health-check's. */
function actionOf(page: string): string | undefined {
  if (page === 'docs/conditions.md') return 'health-check'
  return actionNames.find((name) => page === `docs/${name}.md` || page.startsWith(`actions/${name}/`))
}

test.each(inLanguage('yaml'))('the YAML at $place can be used as it stands', async ({ text, page }) => {
  expect(await problemsOf(text, page)).toEqual([])
})

test.each(inLanguage('json'))('the JSON at $place is JSON', ({ text }) => {
  expect(JSON.parse(text)).toBeTypeOf('object')
})

test.each(inLanguage('sh'))('the commands at $place can be parsed', ({ text }) => {
  expect(findScriptProblems(text)).toEqual([])
})

test('every snippet says what it is, so that none is passed over', () => {
  const known = ['yaml', 'json', 'sh', 'js', 'py', 'ruby', 'sql', 'text', 'markdown', 'mermaid', 'ebnf']
  expect(snippets.filter(({ language }) => !known.includes(language)).map(({ place }) => place)).toEqual([])
})

describe('a snippet that cannot be used is found out', () => {
  const step = (inputs: string) => `- id: a\n  uses: org/deploy-kit/health-check@v1\n  with: ${inputs}\n`

  test.each([
    ['an input that is not there', step('{ url: "tcp://a:1", retries: 3 }'), 'retries: health-check has no such input'],
    ['a required one that is missing', step('{ timeout: 5m }'), 'url: is required, and nothing was given'],
    ['a value that is refused', step('{ url: "tcp://a:1", timeout: 30 }'), "timeout: '30' has no unit; write 30s"],
    [
      'an action that is not there',
      '- uses: org/deploy-kit/health@v1\n',
      expect.stringContaining("has no action 'health'"),
    ],
    [
      'an output that is not there',
      `${step('{ url: "tcp://a:1" }')}- if: steps.a.outputs.ok\n  run: echo\n`,
      'health-check has no output ok',
    ],
    [
      'an expression in a script',
      `- run: echo "\${{ github.head_ref }}"\n`,
      expect.stringContaining('hand it over by env'),
    ],
    [
      'a key that GitHub does not know',
      '- run: echo\n  when: always()\n',
      expect.stringContaining("Unexpected value 'when'"),
    ],
  ])('%s', async (_, text, problem) => {
    expect(await problemsOf(text, 'README.md')).toContainEqual(problem)
  })

  test('what is no workflow, no steps and about no action', async () => {
    await expect(problemsOf('image: web', 'README.md')).rejects.toThrow('It is no workflow')
  })
})
