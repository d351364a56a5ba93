import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { GitRepository } from './git-repository.ts'

afterEach(() => vi.unstubAllEnvs())

test('what is not there is undefined; a git that cannot be started is an error, and no answer', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'deploy-kit-git-'))
  const repository = await GitRepository.create(join(folder.path, 'test.git'), 'main')
  const nowhere = '0'.repeat(40)
  expect(await repository.resolve('main', 'commit')).toBeUndefined()
  expect(await repository.resolve('a\0b')).toBeUndefined()
  expect(await repository.mergeBase(nowhere, nowhere)).toBeUndefined()
  expect(await repository.isAncestor(nowhere, nowhere)).toBe(false)

  vi.stubEnv('PATH', folder.path)
  for (const ask of [
    () => repository.resolve('main'),
    () => repository.mergeBase('main', 'main'),
    () => repository.isAncestor('main', 'main'),
  ])
    await expect(ask()).rejects.toThrow('git is not installed')
})
