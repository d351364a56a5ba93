import { playScene, scenes } from '@deploy-kit/lab/rehearsal/scenes'
import { lostVisits } from '@deploy-kit/lab/rehearsal/traffic'
import { ensureReleaseTree } from '@deploy-kit/release/tree'
import { expect, test } from 'vitest'

test('users see no error while a bad release is deployed, found out and rolled back', {
  timeout: 120_000,
}, async () => {
  const scene = scenes.find(({ version }) => version === '1.6.0')
  const lines: string[] = []
  const rehearsal = await playScene(scene!, {
    number: 2,
    releaseTree: () => ensureReleaseTree(),
    signal: new AbortController().signal,
    print: (line) => lines.push(line),
  })
  expect(rehearsal.expectations.filter(({ holds }) => !holds)).toEqual([])
  expect(lostVisits(rehearsal.visits)).toEqual([])
  // The old version, then the new one, then the old one again, each answering users while it was in service.
  const turns = rehearsal.visits
    .map(({ version }) => version)
    .filter((version, index, all) => version !== all[index - 1])
  expect(turns[0]).toBe('1.4.0')
  expect(turns).toContain('1.6.0')
  expect(turns.at(-1)).toBe('1.4.0')
  expect(lines[0]).toBe('Scene 2: a bad release is rolled back')
})
