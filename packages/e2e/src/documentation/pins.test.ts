import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listPages, repository } from './page.ts'

/** What people copy, and our own workflows: in all of them the actions of others are named by commit. */
const snippets = (await listPages()).flatMap((page) => page.snippets.filter(({ language }) => language === 'yaml'))
const files = globSync(['.github/workflows/*.yml', 'docs/examples/*/.github/workflows/*.yml'], { cwd: repository })
const texts = [
  ...snippets,
  ...files.map((path) => ({ place: path, text: readFileSync(join(repository, path), 'utf8') })),
]
const uses = texts.flatMap(({ place, text }) =>
  Array.from(text.matchAll(/^\s*(?:- )?uses: (?!\.\/)(\S+)@(.+)$/gm), ([, action = '', ref = '']) => ({
    place,
    action,
    ref,
  })),
)
const others = uses.filter(({ action }) => action.split('/')[1] !== 'deploy-kit')

/** Shown as what deploy-kit takes the place of, in the words that people have in their workflows. */
const replaced = [
  'aws-actions/amazon-ecs-deploy-task-definition',
  'aws-actions/amazon-ecs-render-task-definition',
  'preactjs/compressed-size-action',
]

test('the actions of others are pinned by commit, with the version beside it', () => {
  const loose = others.filter(({ ref }) => !/^[0-9a-f]{40} # v?\d+(\.\d+)+$/.test(ref))
  expect([...new Set(loose.map(({ action }) => action))].sort()).toEqual(replaced)
})

test('the same action is the same commit, of the same version, everywhere', () => {
  const refs = Map.groupBy(others, ({ action }) => action.split('/').slice(0, 2).join('/'))
  const several = [...refs].map(([action, used]) => [action, ...new Set(used.map(({ ref }) => ref))])
  expect(several.filter((each) => each.length > 2)).toEqual([])
})
