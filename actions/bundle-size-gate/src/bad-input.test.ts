import { describe, expect, test } from 'vitest'
import { createWorkspace } from './testing/workspace.ts'

/** What a user gives, and what the one message says about it. */
const BAD: readonly [Record<string, string>, RegExp][] = [
  [{}, /^files: is required unless config or next-dir says what to measure/],
  [{ files: 'app | dist/*.js | 250 kb | more' }, /files: 'app \| dist.*' has 4 parts; write name \| glob \| budget/],
  [{ files: '| dist/*.js' }, /files: '\| dist\/\*\.js' has no name before its first \|/],
  [{ files: 'app | | 3 kB' }, /files: 'app \| \| 3 kB' has no glob after its first \|/],
  [{ files: 'app | a.js | 3 kilos' }, /files: the budget of 'app' '3 kilos' has an unknown unit 'kilos'/],
  [{ files: 'app | a.js\napp | b.js' }, /files: several lines are called 'app'/],
  [{ files: '!dist/*.js' }, /files: '!dist\/\*\.js' leaves files out; list it in exclude, without the !/],
  [{ files: '../other/*.js' }, /files: '\.\.\/other\/\*\.js' leaves the workspace/],
  [{ files: 'dist/../../*.js' }, /leaves the workspace/],
  [{ files: 'dist/*/../../../etc/passwd' }, /leaves the workspace/],
  [{ files: '{..,dist}/*.js' }, /leaves the workspace/],
  [{ files: '/etc/passwd' }, /'\/etc\/passwd' leaves the workspace/],
  [{ files: 'a.js', exclude: '../**' }, /exclude: '\.\.\/\*\*' leaves the workspace/],
  [{ files: 'a.js', exclude: '/tmp/**' }, /exclude: '\/tmp\/\*\*' leaves the workspace/],
  [{ files: 'a.js', compression: 'zip' }, /compression: 'zip' is not one of gzip, brotli, none/],
  [{ files: 'a.js', budget: 'large' }, /budget: 'large' is not a size/],
  [{ files: 'a.js', budget: '-5 kB' }, /budget: '-5 kB' is negative/],
  [{ files: 'a.js', 'total-budget': '5 blocks' }, /total-budget: '5 blocks' has an unknown unit/],
  [{ files: 'a.js', 'warn-at': 'soon' }, /warn-at: 'soon' is not a percentage/],
  [{ files: 'a.js', 'warn-at': '120%' }, /warn-at: '120%' is too large; the most is 100%/],
  [{ files: 'a.js', 'max-increase': '5%' }, /max-increase: '5%' is not a size/],
  [{ files: 'a.js', 'max-increase-percent': '-1' }, /max-increase-percent: '-1' is not a percentage/],
  [{ files: 'a.js', 'max-increase-percent': '1e3' }, /max-increase-percent: '1e3' is not a percentage/],
  [{ files: 'a.js', 'min-change': 'some' }, /min-change: 'some' is not a size/],
  [{ files: 'a.js', 'strip-hash': '[' }, /strip-hash: '\[' is neither auto, off nor a regular expression/],
  [{ files: 'a.js', 'strip-hash': 'x*' }, /strip-hash: 'x\*' also matches nothing at all/],
  [{ files: 'a.js', 'fail-on-missing': 'yes' }, /fail-on-missing: 'yes' is not a boolean/],
  [{ files: 'a.js', baseline: 'artifact' }, /baseline: 'artifact' is not one of branch, file, none/],
  [{ files: 'a.js', baseline: 'file' }, /baseline, baseline-file: the file of the baseline is not given/],
  [{ files: 'a.js', 'baseline-file': 'b.json' }, /baseline-file: is not used with baseline: branch/],
  [{ files: 'a.js', 'baseline-branch': 'a..b' }, /baseline-branch: 'a\.\.b' is not a name that git allows/],
  [{ files: 'a.js', 'baseline-branch': 'refs/heads/x' }, /baseline-branch: 'refs\/heads\/x' is a full reference/],
  [{ files: 'a.js', baseline: 'none', 'max-increase': '1 kB' }, /max-increase: could never fail with baseline: none/],
  [{ files: 'a.js', baseline: 'none', 'max-increase-percent': '5' }, /max-increase-percent: could never fail/],
  [{ files: 'a.js', 'on-missing-baseline': 'skip' }, /on-missing-baseline: 'skip' is not one of warn, fail, ignore/],
  [{ files: 'a.js', comment: 'true' }, /comment: 'true' is not one of auto, always, never/],
  [{ files: 'a.js', 'comment-key': 'a\nb' }, /comment-key: is a name, and has to be one line/],
  [{ files: 'a.js', 'route-budget': '100 kB' }, /route-budget: there is no Next\.js build in \.next/],
  [{ 'next-dir': '../web/.next' }, /next-dir: '\.\.\/web\/\.next' lies outside the workspace/],
  [{ 'next-dir': 'web' }, /^web has neither build-manifest\.json nor .*: it is no build of Next\.js/],
  [{ config: 'gone.yml' }, /config: gone\.yml: cannot be read: ENOENT/],
  [{ config: '.size-limit.js' }, /config: '\.size-limit\.js' is a program, which is not run/],
  [{ config: 'sizes.config.mts' }, /config: 'sizes\.config\.mts' is a program/],
]

describe('bad input', () => {
  test.each(BAD)('%j is refused in one message before anything is measured', async (inputs, message) => {
    await using workspace = await createWorkspace({ 'a.js': 'x' })
    const run = await workspace.run(inputs)
    expect(run.exitCode).toBe(1)
    expect(run.annotations).toHaveLength(1)
    expect(run.annotations[0]?.message).toMatch(message)
    expect(run.outputs).toEqual({})
  })

  test('every problem of every input is in one message', async () => {
    await using workspace = await createWorkspace({ 'a.js': 'x' })
    const run = await workspace.run({ files: '../a', budget: 'x', comment: 'maybe', 'warn-at': '-1' })
    expect(run.annotations[0]?.message).toMatch(
      /^4 inputs cannot be used:\n- files: .*\n- budget: .*\n- warn-at: .*\n- comment: /,
    )
  })
})
