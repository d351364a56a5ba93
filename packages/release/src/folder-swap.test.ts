import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { swapFolder } from './folder-swap.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'deploy-kit-swap-'))
})

afterEach(() => rm(root, { recursive: true, force: true }))

async function build(name: string, content: string): Promise<string> {
  const folder = join(root, name)
  await mkdir(join(folder, 'dist'), { recursive: true })
  await writeFile(join(folder, 'dist', 'main.mjs'), content)
  return folder
}

describe('putting a built folder in its place', () => {
  test('replaces what was there entirely', async () => {
    const target = await build('target', 'old')
    await writeFile(join(target, 'left over'), '')
    await swapFolder(await build('built', 'new'), target)
    expect(await readdir(target)).toEqual(['dist'])
    expect(await readFile(join(target, 'dist', 'main.mjs'), 'utf8')).toBe('new')
  })

  test('works for many at once, and leaves nothing but the target and what the callers remove', async () => {
    const target = join(root, 'target')
    const built = await Promise.all(Array.from({ length: 20 }, (_, i) => build(`built-${i}`, 'the same')))
    await Promise.all(built.map((folder) => swapFolder(folder, target)))
    expect(await readFile(join(target, 'dist', 'main.mjs'), 'utf8')).toBe('the same')
    expect((await readdir(root)).filter((name) => name.endsWith('.former'))).toEqual([])
  })

  test('leaves a target alone that has the same content already', async () => {
    const target = await build('target', 'the same')
    const built = await build('built', 'the same')
    await swapFolder(built, target)
    expect(await readdir(root)).toEqual(['built', 'target'])
  })
})
