import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repositoryFolder } from './action-folder.ts'
import { bundleAction } from './bundle.ts'
import { digestFiles } from './folder-digest.ts'

const run = promisify(execFile)

/** A repository of its own with one action that uses core, an npm package at once and another one when needed. */
const probe = {
  'action.yml': `
name: Probe
description: Says what it was given.
inputs:
  duration: { description: How long., default: 5m }
runs: { using: node24, main: dist/main.mjs, post: dist/post.mjs }
`,
  'src/main.ts': `import { speak } from './action.ts'\nawait speak('main')\n`,
  'src/post.ts': `import { speak } from './action.ts'\nawait speak('post')\n`,
  'src/action.ts': `
import { parseDuration } from '@deploy-kit/core/duration'
import * as v from 'valibot'
import manifest from '../action.yml'

export async function speak(phase: string): Promise<void> {
  const given = v.parse(v.string(), process.env.INPUT_DURATION || manifest.inputs['duration']?.default)
  console.log(phase, 'duration', parseDuration(given))
  if (process.env.INPUT_YAML) console.log((await import('yaml')).parse(process.env.INPUT_YAML))
}
`,
}

let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'deploy-kit-bundle-test-'))
})

afterAll(() => rm(root, { recursive: true, force: true }))

async function writeRepository(name: string, files: Record<string, string>): Promise<string> {
  const core = join(repositoryFolder, 'packages', 'core')
  const folder = join(root, name, 'actions', 'probe')
  const own = { ...files, '../../packages/core/package.json': await readFile(join(core, 'package.json'), 'utf8') }
  for (const [path, text] of Object.entries(own)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const copy = join(root, name, 'packages', 'core')
  await cp(join(core, 'src'), join(copy, 'src'), { recursive: true })
  await symlink(join(core, 'node_modules'), join(copy, 'node_modules'), 'junction')
  await mkdir(join(folder, 'node_modules', '@deploy-kit'), { recursive: true })
  await symlink(copy, join(folder, 'node_modules', '@deploy-kit', 'core'), 'junction')
  for (const name of ['valibot', 'yaml']) {
    await symlink(join(core, 'node_modules', name), join(folder, 'node_modules', name), 'junction')
  }
  return folder
}

/** Adds what builds bundles to a repository of `writeRepository`: ncc as files of its own, for it looks at their paths. */
async function addRelease(repository: string): Promise<string> {
  const source = join(repositoryFolder, 'packages', 'release')
  const copy = join(repository, 'packages', 'release')
  await cp(join(source, 'src'), join(copy, 'src'), { recursive: true })
  const store = join(repository, 'node_modules', '.store', 'ncc')
  await cp(await realpath(join(source, 'node_modules', '@vercel', 'ncc')), store, { recursive: true })
  await mkdir(join(copy, 'node_modules', '@vercel'), { recursive: true })
  await symlink(store, join(copy, 'node_modules', '@vercel', 'ncc'), 'junction')
  for (const name of ['@actions', 'rolldown', 'valibot', 'yaml']) {
    await symlink(join(source, 'node_modules', name), join(copy, 'node_modules', name), 'junction')
  }
  return join(copy, 'src', 'bundle.ts')
}

describe('a bundle', () => {
  test('is the same, byte for byte, when it is built in another folder', async () => {
    const digests = ['here', 'somewhere/else'].map(async (name) => {
      const folder = await writeRepository(name, probe)
      const bundleModule = await addRelease(join(root, name))
      const source = `import { bundleAction } from ${JSON.stringify(pathToFileURL(bundleModule).href)}
        await bundleAction(${JSON.stringify(folder)}, ${JSON.stringify(join(folder, 'dist'))})`
      await run(process.execPath, ['--input-type=module', '--eval', source])
      return digestFiles(folder, ['dist'])
    })
    expect(await digests[1]).toBe(await digests[0])
  })

  test('runs where there is no node_modules and no package.json, each phase from its own program', async () => {
    const folder = await writeRepository('source', probe)
    const dist = join(root, 'copied')
    await bundleAction(folder, dist)
    await rm(folder, { recursive: true })
    const started = (phase: string, env: NodeJS.ProcessEnv) =>
      run(process.execPath, [join(dist, `${phase}.mjs`)], { env })
    expect((await started('main', {})).stdout).toBe('main duration 300000\n')
    expect((await started('post', { INPUT_DURATION: '2s', INPUT_YAML: 'a: [1]' })).stdout).toBe(
      'post duration 2000\n{ a: [ 1 ] }\n',
    )
  })

  test('with a main step alone has everything that is needed at once in main.mjs', async () => {
    const { 'src/post.ts': _, ...alone } = probe
    const folder = await writeRepository('alone', alone)
    const bundle = await bundleAction(folder, join(folder, 'dist'))
    expect(bundle.phases).toEqual(['main'])
    expect(await readdir(join(folder, 'dist'))).not.toContain('index.mjs')
    await rm(join(folder, 'node_modules'), { recursive: true })
    expect((await run(process.execPath, [join(folder, 'dist', 'main.mjs')], { env: {} })).stdout).toContain('300000')
  })

  test('comes with the licences of exactly the packages that are in it', async () => {
    const folder = await writeRepository('licensed', probe)
    const { packages } = await bundleAction(folder, join(folder, 'dist'))
    expect(packages.map(({ name, license }) => `${name} ${license}`)).toEqual(['valibot MIT', 'yaml ISC'])
    const text = await readFile(join(folder, 'dist', 'licenses.txt'), 'utf8')
    expect(text).toMatch(/^valibot \d+\.\d+\.\d+\n\nLicence: MIT\n\nMIT License\n\nCopyright \(c\)/m)
    expect(text).toContain('Permission to use, copy, modify, and/or distribute this software for any purpose')
  })

  test.each([
    ['a module that nobody has', { module: `import { nothing } from 'no-such-package'\nnothing()` }, /no-such-package/],
    ['an export that does not exist', { module: `import { nope } from 'valibot'\nnope()` }, /nope/],
    ['a package without licence text', { license: 'MIT' }, /gpl 1\.2\.3: it comes without a licence text/],
    [
      'a package under a copyleft licence',
      { license: 'GPL-3.0-only', text: 'GNU' },
      /gpl 1\.2\.3: its licence \(GPL-3.0-only\) is not a permissive one/,
    ],
  ])('is refused with %s', async (title, { module, license, text }: Record<string, string>, message) => {
    const folder = await writeRepository(title.replaceAll(' ', '-'), {
      'action.yml': probe['action.yml'],
      'src/main.ts': module ?? `import { lib } from 'gpl'\nconsole.log(lib())`,
      'node_modules/gpl/package.json': JSON.stringify({ name: 'gpl', version: '1.2.3', license, main: 'gpl.js' }),
      'node_modules/gpl/gpl.js': 'exports.lib = () => process.pid',
      ...(text && { 'node_modules/gpl/LICENSE': text }),
    })
    await expect(bundleAction(folder, join(folder, 'dist'))).rejects.toThrow(message)
  })
})
