import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'

const workflow = fileURLToPath(new URL('../../../.github/workflows/release.yml', import.meta.url))
const source = '0123456789'.repeat(4)

/** Stands for GitHub's gh with one release, whose state and body are files beside it. Killed at `KILL_AT`, as a job is. */
const gh = `#!/bin/sh
echo "$*" >> "$GH/calls"
case "$2" in
view)
  test -f "$GH/state" || { echo "release not found" >&2; exit 1; }
  cat "$GH/state" ;;
delete) rm "$GH/state" ;;
create)
  test ! -f "$GH/state" || { echo "a release with the same tag name already exists" >&2; exit 1; }
  echo true > "$GH/state" # gh uploads the files to a draft, and publishes that
  test "$KILL_AT" != upload || kill -9 "$PPID" $$
  while test "$1" != --notes-file; do shift; done
  cp "$2" "$GH/body"
  shift 2
  cp "$@" "$GH"
  echo false > "$GH/state" ;;
esac
`

interface Step {
  readonly name?: string
  readonly run?: string
}

async function readScript(): Promise<string> {
  const { jobs } = parse(await readFile(workflow, 'utf8')) as { jobs: { publish: { steps: readonly Step[] } } }
  const step = jobs.publish.steps.find(({ name }) => name === 'Publish the GitHub release')
  return step?.run ?? ''
}

// The script of the workflow runs on Linux, and so does the stand-in.
test.skipIf(process.platform === 'win32')(
  'the GitHub release is made once: what an interrupted job has left is made anew, what is there is left alone',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-announcement-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const [candidate, github] = [join(folder, 'release-candidate'), join(folder, 'github')]
    for (const each of [candidate, github]) await mkdir(each)
    await writeFile(join(candidate, 'release.json'), JSON.stringify({ version: '1.2.3', source, isHighest: false }))
    await writeFile(join(candidate, 'notes.md'), '## New\n\n- It is new.\n')
    for (const name of ['sbom.cdx.json', 'SHA256SUMS']) await writeFile(join(candidate, name), name)
    await writeFile(join(folder, 'gh'), gh)
    await chmod(join(folder, 'gh'), 0o755)
    const script = await readScript()

    const announce = async (killAt: string): Promise<{ readonly code: number | null; readonly output: string }> => {
      const PATH = [folder, dirname(process.execPath), process.env.PATH].join(delimiter)
      const env = { ...process.env, PATH, GH: github, KILL_AT: killAt, RUNNER_TEMP: folder }
      const child = spawn('bash', ['-e', '-c', script], { env, stdio: 'pipe' })
      const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
      return { code: code as number | null, output: stdout + stderr }
    }
    const state = async () => (await readFile(join(github, 'state'), 'utf8')).trim()

    expect((await announce('upload')).code).not.toBe(0)
    expect(await state()).toBe('true')
    expect(await announce('')).toMatchObject({ code: 0 })
    expect(await state()).toBe('false')
    const body = `## New\n\n- It is new.\n\nSource-Commit: ${source}\n`
    expect(await readFile(join(github, 'body'), 'utf8')).toBe(body)
    expect(await readFile(join(github, 'sbom.cdx.json'), 'utf8')).toBe('sbom.cdx.json')

    expect(await readFile(join(github, 'calls'), 'utf8')).toContain(
      'release create v1.2.3 --verify-tag --title v1.2.3 --latest=false ',
    )

    const calls = (await readFile(join(github, 'calls'), 'utf8')).length
    expect(await announce('')).toMatchObject({ code: 0 })
    const last = (await readFile(join(github, 'calls'), 'utf8')).slice(calls)
    expect(last).toBe('release view v1.2.3 --json isDraft --jq .isDraft\n')
  },
)
