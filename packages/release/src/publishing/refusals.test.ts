import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { actionFile, createSourceRepository, type SourceRepository } from './testing/source-repository.ts'

describe('a release is refused, and nothing is published,', () => {
  let sources: SourceRepository

  beforeAll(async () => {
    sources = await createSourceRepository()
    expect((await sources.release([])).code).toBe(0)
  })

  afterAll(() => sources[Symbol.asyncDispose]())

  const refused = async (message: string | RegExp, ...args: string[]): Promise<void> => {
    const before = await sources.tags()
    const { code, output } = await sources.release(args)
    expect(output).toMatch(message)
    expect(code).toBe(1)
    expect(await sources.tags()).toEqual(before)
  }

  /** Commits and pushes files for the time of a check, and takes back what was pushed and released meanwhile. */
  const during = async (files: Readonly<Record<string, string | null>>, check: () => Promise<void>): Promise<void> => {
    const [start, before] = [await sources.git('rev-parse', 'HEAD'), await sources.tags()]
    try {
      await sources.change(files)
      await check()
    } finally {
      await sources.git('reset', '--quiet', '--hard', start)
      await sources.git('push', '--quiet', '--force', 'origin', 'main')
      for (const name of Object.keys(await sources.tags())) await sources.published('tag', '--delete', name)
      for (const [name, commit] of Object.entries(before)) await sources.published('tag', name, commit)
    }
  }

  const entry = { '.changes/next.md': '---\nalpha: patch\n---\nNext.\n' }

  test('when the version exists, or is below the last one of its major, or is no version', async () => {
    await during(entry, async () => {
      await refused('Refused: v1.0.0 is already released, from ', '1.0.0')
      await refused('Refused: 0.9.0 is below 1.0.0, the last release.', '0.9.0')
      await refused("Refused: 'v1.2' is no version; write it as 1.2.3.", 'v1.2')
      expect((await sources.release(['1.2.0'])).code).toBe(0)
      await refused(
        'Refused: 1.1.9 is below 1.2.0, the last release of 1.x. A fix for an older minor is released from a branch of its own, 1.1.x.',
        '1.1.9',
      )
      await sources.git('reset', '--quiet', '--hard', 'HEAD~1')
      await refused(/does not contain [0-9a-f]{40}, which v1.2.0 was built from/, '1.2.1')
    })
  })

  test('when the work tree is dirty, or its commit is not on the default branch of the remote', async () => {
    await writeFile(join(sources.root, 'LICENSE'), 'Mine.\n')
    await refused('Refused: The work tree differs from its commit:\n M LICENSE', '1.0.1')
    await sources.git('checkout', '--quiet', 'LICENSE')
    await sources.git('commit', '--quiet', '--allow-empty', '--message', 'Not pushed')
    await refused(/Refused: [0-9a-f]{40} is not on main of the remote. Push it there, through review, first./, '1.0.1')
    await sources.git('reset', '--quiet', '--hard', 'HEAD~1')
  })

  test('when no entry announces it, or the entries ask for more', async () => {
    await refused('Refused: Nothing has changed for users since v1.0.0')
    await refused(/^Unknown option '--prepere'[\s\S]*Usage: /, '--prepere')
    await during({ '.changes/next.md': '---\nalpha: minor\n---\nNext.\n' }, () =>
      refused('Refused: 1.0.1 is too low: the entries in .changes ask for a minor release, 1.1.0.', '1.0.1'),
    )
    await during({ '.changes/next.md': '---\ngamma: minor\n---\nNext.\n' }, () =>
      refused(
        '.changes/next.md: its front matter has to map deploy-kit or an action (alpha, beta) to patch, minor, major',
      ),
    )
  })

  test('when workflows that use the last release of the major would break; a new major may do that', async () => {
    const broken = {
      ...entry,
      'actions/alpha/action.yml': actionFile(
        '{ how: { description: How., default: slow }, who: { description: Who., required: true } }',
        '{ other: { description: Other. } }',
      ),
    }
    await during(broken, async () => {
      await refused(
        [
          'Refused: Workflows that use v1.0.0 would break. Undo this, or release a new major:',
          '  alpha: the input url is gone',
          "  alpha: the default of how was 'fast' and is 'slow'",
          '  alpha: the new input who is required',
          '  alpha: the output done is gone\n',
        ].join('\n'),
        '1.0.1',
      )
      const major = { '.changes/next.md': '---\nalpha: major\n---\nAnother alpha.\n' }
      await during(major, async () => expect(await sources.release(['--prepare'])).toMatchObject({ code: 0 }))
    })
  })

  test('when two builds of the same commit differ, or the check fails, or changes what it checks', async () => {
    const build = await readFile(join(sources.root, 'build.mjs'), 'utf8')
    const folderInBundle = `${build}writeFileSync('release/beta/dist/main.mjs', process.cwd())\n`
    await during({ ...entry, 'build.mjs': folderInBundle }, () =>
      refused('Refused: Two builds of the same commit differ in beta/dist/main.mjs', '1.0.1'),
    )
    const fails = `"${process.execPath}" --eval "process.exit(3)"`
    const changes = `"${process.execPath}" --eval "fs.appendFileSync('release/LICENSE', '!')"`
    await during(entry, async () => {
      await refused('ended with exit code 3.', '1.0.1', '--check', fails)
      await refused('Refused: The tree was changed while it was tested: LICENSE', '1.0.1', '--check', changes)
    })
  })

  test('when the tree is not what a release may have', async () => {
    const build = await readFile(join(sources.root, 'build.mjs'), 'utf8')
    // Hashes, since what is compressed has to be the same in both builds.
    const large = `${build}
      const { createHash } = await import('node:crypto')
      const noise = Array.from({ length: 42_000 }, (_, i) => createHash('sha256').update(String(i)).digest())
      writeFileSync('release/beta/dist/large.mjs', Buffer.concat(noise))`
    await during({ ...entry, 'build.mjs': large }, () =>
      refused(/Refused: The tree is 13\d\d\.\d kB packed; 1200\.0 kB are allowed\./, '1.0.1'),
    )
    await during({ ...entry, 'actions/beta/src/main.ts': '1' }, () =>
      refused('Refused: The tree has beta: README.md, action.yml, dist, src. An action is', '1.0.1'),
    )
    await during({ ...entry, 'actions/beta/dist/licenses.txt': null }, () =>
      refused('Refused: The tree has no beta/dist/licenses.txt.', '1.0.1'),
    )
  })

  test('when a candidate was changed, or another release came between', async () => {
    await during(entry, async () => {
      const stale = join(sources.root, '.tmp/stale')
      expect((await sources.release(['1.0.1', '--prepare', '--candidate', stale])).code).toBe(0)
      expect((await sources.release(['1.0.2'])).code).toBe(0)
      await refused(
        'Refused: The releases have changed since this candidate was made (v1.0.2).',
        '--publish',
        '--candidate',
        stale,
      )
      await writeFile(join(stale, 'tree/LICENSE'), 'Mine.\n')
      await refused('is not the one that its SHA256SUMS is of.', '--publish', '--candidate', stale)
    })
    await refused(
      'Refused: There is no release candidate in ',
      '--publish',
      '--candidate',
      join(sources.root, 'nowhere'),
    )
  })

  test('when another one of the same version is published at the same time: one of them is there, and complete', async () => {
    await during(entry, async () => {
      // Two commits, each with the candidate of a release 1.0.1 of its own.
      const candidates: string[] = []
      for (const name of ['one', 'two']) {
        await sources.change({ [`.changes/${name}.md`]: `---\nalpha: patch\n---\n${name}\n` })
        candidates.push(join(sources.root, '.tmp', name))
        expect((await sources.release(['1.0.1', '--prepare', '--candidate', candidates.at(-1) ?? ''])).code).toBe(0)
      }
      const ended = await Promise.all(candidates.map((folder) => sources.release(['--publish', '--candidate', folder])))
      expect(ended.map(({ code }) => code).sort(), JSON.stringify(ended)).toEqual([0, 1])
      const { 'v1.0.1': made, 'v1.0': minor, v1: major } = await sources.tags()
      expect([minor, major]).toEqual([made, made])
      expect(ended.find(({ code }) => code === 0)?.output).toContain(`: ${made}`)
      expect(ended.find(({ code }) => code === 1)?.output).toMatch(
        /No tag was published: the remote refused|is already released, as another commit/,
      )
    })
  })

  test('when the remote cannot be reached; once it can be, the same candidate is published', async () => {
    await during(entry, async () => {
      expect((await sources.release(['1.0.1', '--prepare'])).code).toBe(0)
      await rename(sources.bare, `${sources.bare}.away`)
      try {
        const { code, output } = await sources.release(['--publish'])
        expect(code).toBe(1)
        expect(output).toMatch(/^Not released: git ls-remote failed \(128\): /)
        expect(output).not.toMatch(/^ +at /m)
      } finally {
        await rename(`${sources.bare}.away`, sources.bare)
      }
      expect((await sources.tags())['v1.0.1']).toBe(undefined)
      expect((await sources.release(['--publish'])).output).toContain('Published v1.0.1, v1.0, v1: ')
    })
  })

  // The stand-in for git is a shell script.
  test.skipIf(process.platform === 'win32')(
    'but not when only the answer to the push was lost: then it is published, and says so',
    async () => {
      const folder = join(sources.root, '.tmp/lossy')
      await mkdir(folder, { recursive: true })
      const git = '#!/bin/sh\nPATH=$REAL_PATH git "$@" || exit\ntest "$1" != push\n'
      await writeFile(join(folder, 'git'), git, { mode: 0o755 })
      await during(entry, async () => {
        const environment = { REAL_PATH: process.env.PATH ?? '' }
        const { code, output } = await sources.release(['1.0.1'], { path: folder, environment })
        expect(code, output).toBe(0)
        expect(output).toContain('Published v1.0.1, v1.0, v1: ')
      })
    },
  )

  test('when the remote takes one of the tags and not the other: then none is there', async () => {
    const hook = join(sources.bare, 'hooks/update')
    await mkdir(join(sources.bare, 'hooks'), { recursive: true })
    await writeFile(hook, '#!/bin/sh\ntest "$1" != refs/tags/v1\n', { mode: 0o755 })
    await during(entry, () => refused('No tag was published: the remote refused one of them.', '1.0.9'))
  })
})
