import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { actionFile, createSourceRepository, type SourceRepository } from './testing/source-repository.ts'

const stated = '{ url: { description: Where., required: true }, how: { description: How., default: fast } }'

describe('releases of 1.0.0, 1.0.1, 1.1.0 and 2.0.0', () => {
  let sources: SourceRepository
  const commits: Record<string, string> = {}
  const sourceOf: Record<string, string> = {}

  const release = async (version: string, ...args: string[]): Promise<void> => {
    const { code, output } = await sources.release(args)
    expect(code, output).toBe(0)
    commits[version] = (await sources.tags())[`v${version}`] ?? ''
    sourceOf[version] = await sources.git('rev-parse', 'HEAD')
  }

  const readRecord = async (): Promise<unknown> =>
    JSON.parse(await readFile(join(sources.root, '.tmp/release-candidate/release.json'), 'utf8'))

  beforeAll(async () => {
    sources = await createSourceRepository()
    await release('1.0.0')
    await sources.change({
      'actions/beta/dist/main.mjs': 'console.log("better")\n',
      '.changes/quick-fox.md': '---\nbeta: patch\n---\nIt is better.\n\nMuch better.\n',
    })
    await release('1.0.1')
    await sources.change({
      'actions/alpha/action.yml': actionFile(stated.replace(' }', ' }, more: { description: More., default: none }')),
      '.changes/new-input.md': '---\nalpha: minor\nbeta: patch\n---\nThere is `more`.\n',
      '.changes/small.md': '---\nalpha: patch\n---\nIt no longer fails on Sundays.\n',
    })
    await release('1.1.0', '1.1.0')
    await sources.change({
      'actions/beta/action.yml': actionFile('{ url: { description: Where., required: true } }'),
      '.changes/gone.md': '---\nbeta: major\n---\n`how` is gone.\n',
    })
    await release('2.0.0')
  }, 60_000)

  afterAll(() => sources[Symbol.asyncDispose]())

  test('have a tag of their own each, and v1, v1.0, v1.1, v2 and v2.0 point to the highest of theirs', async () => {
    expect(new Set(Object.values(commits)).size).toBe(4)
    expect(await sources.tags()).toEqual({
      'v1.0.0': commits['1.0.0'],
      'v1.0.1': commits['1.0.1'],
      'v1.1.0': commits['1.1.0'],
      'v2.0.0': commits['2.0.0'],
      'v1.0': commits['1.0.1'],
      'v1.1': commits['1.1.0'],
      v1: commits['1.1.0'],
      'v2.0': commits['2.0.0'],
      v2: commits['2.0.0'],
    })
  })

  test('are commits of exactly the tree, byte for byte, each after the one before it and apart from the sources', async () => {
    const files = (await sources.published('ls-tree', '-r', 'v1.0.0')).split('\n').map((line) => line.split(/\s/))
    const action = ['README.md', 'action.yml', 'dist/licenses.txt', 'dist/main.mjs']
    expect(files.map(([, , , path]) => path)).toEqual([
      ...['LICENSE', 'README.md', ...action.map((path) => `alpha/${path}`), 'alpha/dist/version.mjs'],
      ...action.map((path) => `beta/${path}`),
    ])
    expect(new Set(files.map(([mode]) => mode))).toEqual(new Set(['100644']))
    expect(await sources.published('cat-file', '-s', 'v1:alpha/dist/main.mjs')).toBe(
      `${"console.log('alpha')\r\n".length}`,
    )
    expect(await sources.published('show', 'v1.0.1:alpha/dist/version.mjs')).toBe('export const version = "1.0.1"')
    const line = await sources.published('log', '--format=%H', 'v2.0.0')
    expect(line.split('\n')).toEqual(['2.0.0', '1.1.0', '1.0.1', '1.0.0'].map((version) => commits[version]))
    expect(await sources.published('ls-tree', '-r', '--name-only', 'main')).not.toContain('release/')
  })

  test('carry their notes, and the commit that they were built from', async () => {
    expect(await sources.published('log', '-1', '--format=%B', 'v1.1.0')).toBe(
      [
        'deploy-kit 1.1.0\n',
        '## New\n\n- **alpha, beta**: There is `more`.\n',
        '## Fixed\n\n- **alpha**: It no longer fails on Sundays.\n',
        `Source-Commit: ${sourceOf['1.1.0']}\nChange-Entry: new-input\nChange-Entry: small`,
      ].join('\n'),
    )
    expect(await sources.published('log', '-1', '--format=%b', 'v1.0.1')).toContain(
      '- **beta**: It is better.\n\n  Much better.',
    )
  })

  test('leave the sources as they were: no tag, no branch, no changed file', async () => {
    expect(await sources.git('tag')).toBe('')
    expect(await sources.git('status', '--porcelain')).toBe('')
    expect(await sources.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main\nrefs/remotes/origin/main')
  })

  test('have checksums and an SBOM beside the tree', async () => {
    const folder = join(sources.root, '.tmp/release-candidate')
    expect(await readFile(join(folder, 'SHA256SUMS'), 'utf8')).toMatch(
      /^[0-9a-f]{64} {2}LICENSE\n(.+\n)*[0-9a-f]{64} {2}beta\/dist\/main\.mjs\n$/,
    )
    expect(await readRecord()).toMatchObject({ version: '2.0.0', isHighest: true, lastOfMajor: null })
    const sbom = JSON.parse(await readFile(join(folder, 'sbom.cdx.json'), 'utf8'))
    expect(sbom.metadata.component).toMatchObject({ name: 'deploy-kit', version: '2.0.0' })
  })

  test('can be followed by 1.1.1 from a branch 1.x, which does not touch what belongs to 2', async () => {
    await sources.git('checkout', '--quiet', '-b', '1.x', sourceOf['1.1.0'] ?? '')
    await sources.change({ '.changes/old-line.md': '---\nalpha: patch\n---\nAlso in the old line.\n' })
    const wrong = await sources.release(['2.0.1', '--prepare'])
    expect(wrong.output).toContain('Refused: The branch 1.x gives releases of 1.x only, not 2.0.1.')
    const before = await sources.tags()
    expect((await sources.release([])).code).toBe(0)
    const { 'v1.1.1': made, ...after } = await sources.tags()
    expect(after).toEqual({ ...before, v1: made, 'v1.1': made })
    expect(await sources.published('log', '-1', '--format=%P', 'v1.1.1')).toBe(commits['1.1.0'])
    await sources.git('checkout', '--quiet', 'main')
  })

  test('can be followed by 1.0.2 from a branch 1.0.x, which moves v1.0 only', async () => {
    await sources.git('checkout', '--quiet', '-b', '1.0.x', sourceOf['1.0.1'] ?? '')
    await sources.change({ '.changes/older-line.md': '---\nalpha: patch\n---\nAlso in the older line.\n' })
    const wrong = await sources.release(['1.1.2', '--prepare'])
    expect(wrong.output).toContain('Refused: The branch 1.0.x gives releases of 1.0.x only, not 1.1.2.')
    const before = await sources.tags()
    const { code, output } = await sources.release(['1.0.2'])
    expect(code, output).toBe(0)
    const { 'v1.0.2': made, ...after } = await sources.tags()
    expect(after).toEqual({ ...before, 'v1.0': made })
    expect(await readRecord()).toMatchObject({ version: '1.0.2', isHighest: false })
    expect(await sources.published('log', '-1', '--format=%P', 'v1.0.2')).toBe(commits['1.0.1'])
    await sources.git('checkout', '--quiet', 'main')
  })
})

test('a candidate is published where no package is installed, as in the job that may write', async () => {
  await using sources = await createSourceRepository()
  expect((await sources.release(['--prepare'])).code).toBe(0)
  const folder = await mkdtemp(join(tmpdir(), 'deploy-kit-uninstalled-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const own = join(import.meta.dirname, '..', '..')
  for (const name of ['package.json', 'src']) await cp(join(own, name), join(folder, name), { recursive: true })
  const { code, output } = await sources.release(['--publish'], { program: join(folder, 'src/release.ts') })
  expect(code, output).toBe(0)
  expect(output).toContain('Published v1.0.0, v1.0, v1: ')
})
