import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { action } from './action.ts'

/** The recipes as docs/auto-rollback.md prints them, by heading. */
const page = await readFile(new URL('../../../docs/auto-rollback.md', import.meta.url), 'utf8')
const recipes = new Map(
  [...page.matchAll(/^### (.+?)\n.*?```yaml\n(.*?)```/gms)].map(([, heading = '', yaml = '']) => [
    heading,
    parse(yaml) as Record<string, string>,
  ]),
)

/**
 * Stand-ins for the programs: each keeps the version in the file `version` and what it was asked in `calls`. ssh runs
 * the command in the directory that stands for the machine.
 */
const PROGRAMS: Readonly<Record<string, string>> = {
  ssh: 'shift; PATH="$BIN:$PATH" sh -c "$(printf %s "$*" | sed "s|/srv|$HOST/srv|g")"',
  kubectl:
    'case $1 in get) cat "$HOST/version";; set) printf %s "$4" | sed s/^web=// > "$HOST/version";; rollout) :;; *) exit 9;; esac',
  docker:
    'case $1 in inspect) cat "$HOST/version";; pull|rm) :;; run) for last; do :; done; printf %s "$last" > "$HOST/version";; compose) cp .env "$HOST/version";; *) exit 9;; esac',
  // The live deploy is the one whose commit is in the file; a rollback is to one of the two deploys that there are.
  curl: 'case "$*" in *rollback*) case "$*" in *dep-1*) printf c1 > "$HOST/version";; *) exit 9;; esac;; *status=live*) printf live;; *) printf all;; esac',
  jq: 'read -r given; if [ "$given" = live ]; then cat "$HOST/version"; else [ "$DEPLOY_KIT_BASELINE" = c1 ] && echo dep-1; fi',
}

let host: string
beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), 'recipes-'))
  const bin = join(host, 'bin')
  await mkdir(bin)
  for (const [name, body] of Object.entries(PROGRAMS)) {
    await writeFile(join(bin, name), `#!/bin/sh\necho "${name} $*" >> "$HOST/calls"\n${body}\n`)
    await chmod(join(bin, name), 0o755)
  }
  await mkdir(join(host, 'srv', 'web'), { recursive: true })
  await mkdir(join(host, 'srv', 'site'), { recursive: true })
})
afterEach(() => rm(host, { recursive: true }))

/** Arms a guard with a recipe, has `deploy` change the version, and runs the post step. */
async function rehearse(heading: string, deploy: () => Promise<unknown>) {
  const bin = join(host, 'bin')
  const environment = {
    PATH: [bin, process.env.PATH].join(delimiter),
    BIN: bin,
    HOST: host,
    RENDER_API_KEY: 'key',
    RENDER_SERVICE_ID: 'srv-1',
  }
  const inputs = { ...recipes.get(heading), interval: '50ms', timeout: '10s' }
  const armed = await runInMemory(action, { inputs, environment })
  expect(armed.annotations).toEqual([])
  await deploy()
  const run = await runInMemory(action, { inputs, environment, phase: 'post', state: armed.state })
  return { run, calls: await readFile(join(host, 'calls'), 'utf8') }
}

const version = (text: string) => writeFile(join(host, 'version'), text)

test('the page has the recipes that are tested here, and no other', () => {
  expect([...recipes.keys()]).toEqual(['kubectl', 'Docker over ssh', 'Docker Compose', 'Render', 'A static site'])
})

test('kubectl sets the image back and waits for the rollout', async () => {
  await version('registry/web:1')
  const { run, calls } = await rehearse('kubectl', () => version('registry/web:2'))
  expect(run.outputs).toMatchObject({ outcome: 'rolled-back', from: 'registry/web:2', to: 'registry/web:1' })
  expect(calls).toContain('kubectl set image deployment/web web=registry/web:1\nkubectl rollout status deployment/web')
})

test('docker over ssh runs the old image, whatever its name holds', async () => {
  const old = 'registry/web:1"; $(touch owned) \'x'
  await version(old)
  const { run } = await rehearse('Docker over ssh', () => version('registry/web:2'))
  expect(run.outputs).toMatchObject({ outcome: 'rolled-back', to: old })
  expect(await readFile(join(host, 'version'), 'utf8')).toBe(old)
})

test('docker compose is given the old tag', async () => {
  const env = join(host, 'srv', 'web', '.env')
  await writeFile(env, 'TAG=1.4.0\n')
  const { run, calls } = await rehearse('Docker Compose', () => writeFile(env, 'TAG=1.5.0\n'))
  expect(run.outputs).toMatchObject({ outcome: 'rolled-back', from: '1.5.0', to: '1.4.0' })
  expect(calls).toContain('docker compose up --detach --wait')
  expect(await readFile(join(host, 'version'), 'utf8')).toBe('TAG=1.4.0\n')
})

test('Render rolls back to the deploy of the old commit', async () => {
  await version('c1')
  const { run, calls } = await rehearse('Render', () => version('c2'))
  expect(run.outputs).toMatchObject({ outcome: 'rolled-back', from: 'c2', to: 'c1' })
  expect(calls).toMatch(
    /--request POST .*--data \{"deployId":"dep-1"\} https:\/\/api\.render\.com\/v1\/services\/srv-1\/rollback/,
  )
})

test('a static site has its link turned back', async () => {
  const current = join(host, 'srv', 'site', 'current')
  await symlink('releases/1', current)
  const { run } = await rehearse('A static site', async () => {
    await rm(current)
    await symlink('releases/2', current)
  })
  expect(run.outputs).toMatchObject({ outcome: 'rolled-back', from: 'releases/2', to: 'releases/1' })
})
