import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSourceRepository, type ReleaseRun } from './testing/source-repository.ts'

/** Stands for git: counts its calls, and kills who called it when one has done its work. */
const killer = `#!/bin/sh
count=$(($(cat "$GIT_CALLS") + 1))
echo "$count" > "$GIT_CALLS"
PATH=$REAL_PATH git "$@"
code=$?
test "$count" != "$KILL_AFTER" || kill -9 "$PPID"
exit $code
`

// The stand-in is a shell script, and processes are killed with a signal.
test.skipIf(process.platform === 'win32')(
  'a release that is killed at any call of git is complete or not there, and the next run makes or refuses it',
  async () => {
    await using sources = await createSourceRepository()
    const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-crash-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'git'), killer)
    await chmod(join(folder, 'git'), 0o755)
    expect((await sources.release([])).code).toBe(0)
    await sources.change({ '.changes/next.md': '---\nalpha: patch\n---\nNext.\n' })
    const before = await sources.tags()

    /** Each run is also the next one after a crash: what the one before has left behind must not be in its way. */
    const runKilledAfter = async (call: number, ...args: string[]) => {
      const calls = join(folder, 'calls')
      await writeFile(calls, '0')
      const environment = { GIT_CALLS: calls, KILL_AFTER: String(call), REAL_PATH: process.env.PATH ?? '' }
      return sources.release(args, { path: folder, environment })
    }

    // A release is preparing and then publishing; by themselves, so that not every crash of publishing builds again.
    const prepared = await crashUntilDone((call) => runKilledAfter(call, '1.0.1', '--prepare'))
    expect(prepared).toBeGreaterThan(8)
    expect(await sources.tags()).toEqual(before)
    let complete: Readonly<Record<string, string>> | undefined
    const published = await crashUntilDone(async (call) => {
      const run = await runKilledAfter(call, '--publish')
      const tags = await sources.tags()
      if (tags['v1.0.1'] !== undefined) complete ??= tags
      expect(tags, `after call ${call}`).toEqual(complete ?? before)
      return run
    })
    expect(published).toBeGreaterThan(6)

    const tags = await sources.tags()
    const made = tags['v1.0.1']
    expect(tags).toEqual({ 'v1.0.0': before['v1.0.0'], 'v1.0.1': made, 'v1.0': made, v1: made })
    expect((await sources.release(['1.0.1'])).output).toContain('Refused: v1.0.1 is already released, from ')
    expect((await sources.release(['--publish'])).output).toContain(`v1.0.1 is published already, completely: ${made}`)
    expect(await sources.tags()).toEqual(tags)

    // Tags that somebody has taken away are put back by the same release, and by no other.
    await sources.published('tag', '--delete', 'v1')
    expect((await sources.release(['1.0.1'])).output).toContain(`Published v1: ${made}`)
    expect(await sources.tags()).toEqual(tags)
  },
  120_000,
)

/** Kills at the first call, the second and so on, until a run has fewer calls. @returns how many were killed */
async function crashUntilDone(runKilledAfter: (call: number) => Promise<ReleaseRun>): Promise<number> {
  for (let call = 1; ; call++) {
    const { code, output } = await runKilledAfter(call)
    if (code === 0) return call - 1
    expect(code, output).toBe(null)
  }
}
