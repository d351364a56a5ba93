import { expect, test } from 'vitest'
import { jobOf, printed, printedBy, rehearse, stepOf, steps } from './testing/rehearsed.ts'

test('error, warning and notice become annotations with their place', async () => {
  const run = await rehearse(
    steps(`
- id: a
  run: |
    echo "::error file=src/a.ts,line=3,endLine=4,col=5,title=Type%3A x%2C y::first%0Asecond 100%25"
    echo "::warning::careful"
    echo "::notice title=n::fyi" >&2`),
  )
  expect(stepOf(run, 'a').annotations).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        ...{ level: 'error', title: 'Type: x, y', message: 'first\nsecond 100%' },
        ...{ file: 'src/a.ts', line: 3, endLine: 4, column: 5 },
      }),
      expect.objectContaining({ level: 'warning', message: 'careful', title: undefined }),
      expect.objectContaining({ level: 'notice', message: 'fyi', title: 'n' }),
    ]),
  )
  expect(run.conclusion).toBe('success')
})

test('what stands between stop-commands and its token is printed, not obeyed', async () => {
  const run = await rehearse(
    steps(`
- id: a
  run: |
    echo "::stop-commands::token-1"
    echo "::error::only text"
    echo "::token-1::"
    echo "::warning::heard again"`),
  )
  expect(stepOf(run, 'a').annotations.map(({ message }) => message)).toEqual(['heard again'])
  expect(printed(run)).toContain('::error::only text')
})

test('secrets and masked values never show, in the log, summaries, outputs or names', async () => {
  const run = await rehearse(
    steps(`
- id: a
  name: with \${{ secrets.KEY }}
  run: |
    echo "key: $KEY, encoded: $(printf %s "$KEY" | base64 | tr -d =)"
    printf "::add-mask::%s%s\\\\n" other -secret
    printf "%s%s and more\\\\n" other -secret
    echo "$KEY in the summary" >> "$GITHUB_STEP_SUMMARY"
    echo "key=$KEY" >> "$GITHUB_OUTPUT"
    echo "::warning::$KEY"
  env: { KEY: "\${{ secrets.KEY }}" }
- run: test "\${{ steps.a.outputs.key }}" = "$KEY"
  env: { KEY: "\${{ secrets.KEY }}" }`),
    { secrets: { KEY: 'correct horse battery' } },
  )
  expect(run.conclusion).toBe('success')
  expect(JSON.stringify(run)).not.toMatch(/correct horse|other-secret|Y29ycmVjdCBob3JzZ/)
  expect(printedBy(stepOf(run, 'a'))).toEqual(['key: ***, encoded: ***', '*** and more'])
  expect(stepOf(run, 'a')).toMatchObject({ name: 'with ***', summary: '*** in the summary\n', outputs: { key: '***' } })
})

test('an output that holds a secret does not leave its job', async () => {
  const run = await rehearse(
    `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    outputs: { bad: "\${{ steps.s.outputs.bad }}", good: fine }
    steps: [{ id: s, run: 'echo "bad=a-\${{ secrets.KEY }}" >> "$GITHUB_OUTPUT"' }]
  b: { needs: a, runs-on: ubuntu-latest, steps: [{ run: "echo '\${{ needs.a.outputs.bad }}|\${{ needs.a.outputs.good }}'" }] }
`,
    { secrets: { KEY: 'hush-hush' } },
  )
  expect(printed(run, 'b')).toEqual(['|fine'])
  expect(jobOf(run, 'a').annotations[0]?.message).toBe("Skip output 'bad' since it may contain secret.")
})

test('set-output still works with a warning; set-env and add-path are refused', async () => {
  const run = await rehearse(
    steps(`
- { id: a, run: 'echo "::set-output name=x::1"' }
- { id: b, run: 'echo "::set-env name=X::1"', continue-on-error: true }
- run: echo "\${{ steps.a.outputs.x }} \${{ steps.b.outcome }} \${{ env.X }}"`),
  )
  expect(printed(run)).toEqual(['1 failure '])
  expect(stepOf(run, 'a').annotations[0]).toMatchObject({ level: 'warning' })
  expect(stepOf(run, 'b').annotations[0]?.message).toContain('The `set-env` command is disabled')
})

test('debug lines show only with ACTIONS_STEP_DEBUG, and RUNNER_DEBUG tells the step', async () => {
  const workflow = steps('- id: a\n  run: echo "::debug::deep"; echo "$RUNNER_DEBUG"')
  const debugLines = async (vars: Record<string, string>) =>
    stepOf(await rehearse(workflow, { vars }), 'a').log.filter(({ kind }) => kind === 'debug' || kind === 'text')
  expect((await debugLines({})).map(({ text }) => text)).toEqual([''])
  expect((await debugLines({ ACTIONS_STEP_DEBUG: 'true' })).map(({ text }) => text)).toEqual(['deep', '1'])
})

test('groups fold, and unknown commands are text', async () => {
  const run = await rehearse(
    steps('- id: a\n  run: echo "::group::Detail"; echo in; echo "::endgroup::"; echo "::nope::x"'),
  )
  const kinds = stepOf(run, 'a').log.map(({ kind, text }) => `${kind} ${text}`.trim())
  expect(kinds.slice(-4)).toEqual(['group Detail', 'text in', 'endGroup', 'text ::nope::x'])
})

test('each step’s summary is its own, and one over a mebibyte is dropped with an error', async () => {
  const run = await rehearse(
    steps(`
- { id: a, run: 'echo "# Done" >> "$GITHUB_STEP_SUMMARY"' }
- { id: b, run: 'head -c 1048577 /dev/zero | tr "\\0" x > "$GITHUB_STEP_SUMMARY"' }
- { id: c, run: 'head -c 1048576 /dev/zero | tr "\\0" x > "$GITHUB_STEP_SUMMARY"' }`),
  )
  expect(stepOf(run, 'a').summary).toBe('# Done\n')
  expect(stepOf(run, 'b')).toMatchObject({ summary: '', conclusion: 'success' })
  expect(stepOf(run, 'b').annotations[0]?.message).toContain('supports content up to a size of 1024k, got 1024k')
  expect(stepOf(run, 'c').summary).toHaveLength(1_048_576)
})

test('a command file that cannot be read fails the step in the runner’s words', async () => {
  const run = await rehearse(
    steps(`
- { id: a, continue-on-error: true, run: 'echo "no equals sign" >> "$GITHUB_OUTPUT"' }
- { id: b, continue-on-error: true, run: 'printf "x<<END\\nnever ended\\n" >> "$GITHUB_ENV"' }
- { id: c, continue-on-error: true, run: 'echo "NODE_OPTIONS=--inspect" >> "$GITHUB_ENV"' }`),
  )
  const messages = ['a', 'b', 'c'].map((id) => stepOf(run, id).annotations.at(-1)?.message)
  expect(messages).toEqual([
    "Invalid format 'no equals sign'",
    "Invalid value. Matching delimiter not found 'END'",
    "Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.",
  ])
  expect(['a', 'b', 'c'].map((id) => stepOf(run, id).outcome)).toEqual(['failure', 'failure', 'failure'])
})
