import { access, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '@deploy-kit/core/clock'
import { hurriedClock } from '@deploy-kit/core/testing/hurried-clock'
import { type MemoryRun, runInMemory } from '@deploy-kit/core/testing/memory-platform'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { action } from './action.ts'

let directory: string
let file: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'auto-rollback-'))
  file = join(directory, 'version')
  await writeFile(file, 'v1\n')
})
afterEach(() => rm(directory, { recursive: true }))

const run = (
  inputs: Record<string, string>,
  more: {
    phase?: 'post'
    state?: MemoryRun['state']
    clock?: Clock
    signal?: AbortSignal
    environment?: Record<string, string>
  } = {},
) => {
  const environment = { PATH: process.env.PATH, VERSION_FILE: file, ...more.environment }
  return runInMemory(action, { inputs, ...more, environment })
}

const guard = {
  'capture-command': 'cat "$VERSION_FILE"',
  'rollback-command': 'printf %s "$DEPLOY_KIT_BASELINE" > "$VERSION_FILE"',
  interval: '50ms',
  timeout: '10s',
}

describe('a guard for what is not ECS', () => {
  it('remembers what the command prints and has it restored', async () => {
    const armed = await run(guard)
    expect(armed.outputs.outcome).toBe('armed')
    expect(JSON.parse(armed.outputs.baseline ?? '')).toMatchObject({ kind: 'command', value: 'v1' })
    await writeFile(file, 'v2')
    const post = await run(guard, { phase: 'post', state: armed.state })
    expect(post.outputs).toMatchObject({ outcome: 'rolled-back', 'rolled-back': 'true', from: 'v2', to: 'v1' })
    expect(post.exitCode).toBe(1)
    expect(await readFile(file, 'utf8')).toBe('v1')
  })

  it('restores nothing when the version still runs', async () => {
    const armed = await run(guard)
    const post = await run({ ...guard, 'rollback-command': 'exit 9' }, { phase: 'post', state: armed.state })
    expect(post.outputs).toMatchObject({ outcome: 'not-needed', 'rolled-back': 'false' })
  })

  it('hands a version over as data, whatever is in it', async () => {
    const evil = '$(touch "$VERSION_FILE.owned"); `id` "; exit 0 #'
    await writeFile(file, evil)
    const armed = await run(guard)
    await writeFile(file, 'v2')
    await run(guard, { phase: 'post', state: armed.state })
    expect(await readFile(file, 'utf8')).toBe(evil)
    await expect(readFile(`${file}.owned`)).rejects.toThrow()
  })

  it('restores when what runs now cannot be told', async () => {
    const armed = await run(guard)
    await rm(file)
    const post = await run(guard, { phase: 'post', state: armed.state })
    expect(post.outputs.outcome).toBe('rolled-back')
    expect(post.annotations.map((annotation) => annotation.level)).toEqual(['warning', 'error'])
  })

  it('fails when the command exits with another code than 0, and says what it said', async () => {
    const armed = await run(guard)
    await writeFile(file, 'v2')
    const broken = { ...guard, 'rollback-command': 'echo the cluster is away >&2; exit 7' }
    const post = await run(broken, { phase: 'post', state: armed.state })
    expect(post.exitCode).toBe(1)
    expect(post.outputs.outcome).toBe('failed')
    expect(post.annotations[0]?.message).toMatch(/rollback-command exited with 7. It said: the cluster is away/)
  })

  it('fails when the command exits with 0 and restores nothing', async () => {
    const armed = await run(guard)
    await writeFile(file, 'v2')
    const idle = { ...guard, 'rollback-command': 'true', timeout: '500ms' }
    const post = await run(idle, { phase: 'post', state: armed.state })
    expect(post.outputs).toMatchObject({ outcome: 'failed', 'rolled-back': 'false' })
    expect(post.annotations[0]?.message).toMatch(/capture-command prints 'v2' and not 'v1'/)
  })

  it('is not armed by a command that prints nothing or fails', async () => {
    expect((await run({ ...guard, 'capture-command': 'true' })).annotations[0]?.message).toMatch(/printed nothing/)
    expect((await run({ ...guard, 'capture-command': 'exit 3' })).annotations[0]?.message).toMatch(/exited with 3/)
  })
})

describe('a command that has trouble', () => {
  it.each([
    ['a NUL character', "printf 'a\\000b'", /capture-command printed a NUL character, which cannot be handed/],
    ['more than a variable can hold', "head -c 200000 /dev/zero | tr '\\0' x", /printed at least 20000\d bytes, which/],
  ])('does not arm a guard with %s', async (_, command, message) => {
    const armed = await run({ ...guard, 'capture-command': command })
    expect(armed).toMatchObject({ exitCode: 1, outputs: { outcome: 'failed' }, state: {} })
    expect(armed.annotations[0]?.message).toMatch(message)
  })

  it('leaves time to restore when what runs is not answered', async () => {
    const armed = await run(guard)
    const hanging = {
      ...guard,
      'capture-command': 'test "$(cat "$VERSION_FILE")" = v1 && cat "$VERSION_FILE" || sleep 1000',
    }
    await writeFile(file, 'v2')
    const inputs = { ...hanging, timeout: '20m' }
    const post = await run(inputs, { phase: 'post', state: armed.state, clock: hurriedClock(20) })
    expect(post.outputs).toMatchObject({ outcome: 'rolled-back', to: 'v1' })
    expect(post.annotations[0]?.message).toMatch(/What runs now cannot be told.* capture-command did not end in time/)
  })

  it('says what the state is when rollback-command fails, and what to do', async () => {
    const armed = await run(guard)
    await writeFile(file, 'v2')
    const post = await run(
      { ...guard, 'rollback-command': 'echo no way; exit 4' },
      { phase: 'post', state: armed.state },
    )
    expect(post.annotations[0]?.message).toMatch(
      /^'v1' may not have been restored: rollback-command exited with 4. It said: no way\nLook at what runs/,
    )
    expect(JSON.parse(post.outputs.report ?? '')).toMatchObject([{ outcome: 'failed', from: 'v2', to: 'v1' }])
    expect(post.summary).toContain('| failed | `v2` | `v1` |')
    expect(post.summary).not.toContain('Time to restore')
  })

  it.each([
    [
      'before it was done',
      'touch "$VERSION_FILE.busy"; sleep 1000',
      /^Cancelled. rollback-command was ended before it/,
    ],
    ['and waited for', 'touch "$VERSION_FILE.busy"', /^Cancelled. rollback-command exited with 0; whether 'v1' runs/],
  ])('is cancelled %s', async (_, command, message) => {
    const armed = await run(guard)
    await writeFile(file, 'v2')
    const abort = new AbortController()
    const options = { phase: 'post' as const, state: armed.state, signal: abort.signal }
    const posting = run({ ...guard, 'rollback-command': command }, options)
    await vi.waitFor(() => access(`${file}.busy`), { timeout: 20_000 })
    abort.abort()
    const post = await posting
    expect(post).toMatchObject({ exitCode: 1, outputs: { outcome: 'failed', 'rolled-back': 'false' } })
    expect(post.annotations.at(-1)?.message).toMatch(message)
  })

  it('is asked again in silence', async () => {
    const armed = await run(guard)
    const isThere = 'test "$(wc -l < "$VERSION_FILE.asked")" -gt 4'
    const capture = `echo >> "$VERSION_FILE.asked"; if ${isThere}; then echo v1; else echo v2; fi`
    const post = await run(
      { ...guard, 'capture-command': capture, 'rollback-command': 'true' },
      { phase: 'post', state: armed.state },
    )
    expect(post.outputs.outcome).toBe('rolled-back')
    expect(post.log.filter((line) => line === '| v2')).toHaveLength(1)
    expect(post.summary).toMatch(/rollback to 'v1' started.*capture-command prints 'v1'.*Time to restore: /s)
  })

  it('is given the environment of a `run:` step, and nothing that is the action’s own', async () => {
    const command = "env | grep -cE '^(INPUT_|STATE_|ACTIONS_RUNTIME_|GITHUB_OUTPUT=|GITHUB_STATE=)'; pwd"
    const environment = { ACTIONS_RUNTIME_TOKEN: 'secret', GITHUB_STATE: '/state', GITHUB_WORKSPACE: directory }
    const armed = await run({ ...guard, 'capture-command': command }, { environment })
    expect(JSON.parse(armed.outputs.baseline ?? '')).toMatchObject({ value: `0\n${await realpath(directory)}` })
  })
})

describe('mode rollback with a command', () => {
  it.each([
    ['a version as baseline', { baseline: 'v7' }, 'v7'],
    [
      'the output of a guard',
      { baseline: '{"version":1,"kind":"command","capturedAt":"2026-01-01T00:00:00Z","value":"v8"}' },
      'v8',
    ],
    ['a version as to', { to: 'v9' }, 'v9'],
  ])('restores %s', async (_, inputs, version) => {
    const result = await run({ ...guard, ...inputs, mode: 'rollback', 'fail-after-rollback': 'false' })
    expect(result.outputs).toMatchObject({ outcome: 'rolled-back', to: version })
    expect(result.exitCode).toBe(0)
    expect(await readFile(file, 'utf8')).toBe(version)
  })

  it('only says what it would do in a dry run', async () => {
    const result = await run({ ...guard, mode: 'rollback', to: 'v9', 'dry-run': 'true' })
    expect(result.annotations).toEqual([])
    expect(result.summary).toContain("'v9' would be restored in place of 'v1'")
    expect(await readFile(file, 'utf8')).toBe('v1\n')
  })
})

const ARN = 'arn:aws:ecs:eu-central-1:123456789012:'
/** Of a cluster that was named by its ARN. */
const baselineOf = (...services: string[]): string =>
  JSON.stringify({
    version: 1,
    kind: 'ecs',
    cluster: `${ARN}cluster/production`,
    capturedAt: '2026-01-01T00:00:00.000Z',
    services: services.map((service) => ({ service, taskDefinition: 'web:1', deploymentId: '', steady: true })),
  })

describe('bad inputs', () => {
  const ecs = { cluster: 'c', services: 'web' }
  it.each<[Record<string, string>, RegExp]>([
    [{}, /cluster, services: is required for ECS/],
    [{ cluster: 'c' }, /services: is required for ECS/],
    [{ services: 'web' }, /cluster: is required for ECS/],
    [{ ...ecs, mode: 'undo' }, /'undo' is not one of guard, rollback/],
    [{ ...ecs, services: 'web, web' }, /'web' is given twice/],
    [{ ...ecs, services: `${ARN}service/other/web` }, /web is in the cluster other, not in c; use one step for each/],
    [{ mode: 'rollback', baseline: baselineOf('web', 'web') }, /services: a service is there twice/],
    [{ mode: 'rollback', baseline: baselineOf('web').replace('2026', 'then') }, /capturedAt: is not a time/],
    [{ ...ecs, mode: 'rollback', baseline: baselineOf('web') }, /the baseline is of cluster production, not of c/],
    [
      { cluster: 'production', services: 'api', mode: 'rollback', baseline: baselineOf('web') },
      /the baseline has no api/,
    ],
    [
      { services: `${ARN}service/c/web`, mode: 'rollback', baseline: baselineOf('web') },
      /in the cluster c, not in prod/,
    ],
    [{ ...ecs, services: 'web app' }, /'web app' cannot be the name of a service/],
    [{ ...ecs, baseline: '{}' }, /baseline: is for mode rollback/],
    [{ ...ecs, to: 'previous' }, /to: is for mode rollback/],
    [{ ...ecs, mode: 'rollback', persist: 'tag' }, /persist: is for mode guard/],
    [{ ...ecs, persist: 'file' }, /'file' is not one of none, tag/],
    [{ ...ecs, mode: 'rollback', baseline: '{}', to: 'previous' }, /exclude each other/],
    [{ mode: 'rollback', baseline: 'nonsense' }, /baseline: is not the JSON/],
    [{ mode: 'rollback', baseline: '{"kind":"ecs","version":2}' }, /baseline: version/],
    [{ ...ecs, 'capture-command': 'true', 'rollback-command': 'true' }, /either ECS services or what commands say/],
    [{ 'capture-command': 'true' }, /rollback-command: is required/],
    [{ 'rollback-command': 'true' }, /capture-command: is required/],
    [{ 'capture-command': 'true', 'rollback-command': 'true', persist: 'tag' }, /commands have none/],
    [{ ...guard, 'aws-region': 'eu-central-1' }, /aws-region: is for ECS; commands take credentials and region from/],
    [{ mode: 'rollback', 'rollback-command': 'true' }, /give the version to restore/],
    [{ ...ecs, 'verify-url': 'example.com' }, /'example.com' has no scheme/],
    [{ ...ecs, 'verify-timeout': '5m' }, /has no effect without verify-url/],
    [{ ...ecs, 'verify-url': 'http://a/', 'verify-timeout': '20m' }, /longer than timeout/],
    [{ ...ecs, timeout: '15' }, /'15' has no unit/],
    [{ ...ecs, interval: '1ms' }, /too short/],
    [{ ...ecs, 'fail-after-rollback': 'no' }, /'no' is not a boolean/],
    [{ ...ecs, 'role-to-assume': 'admin' }, /'admin' is not the ARN of a role/],
  ])('%j', async (inputs, message) => {
    const result = await run(inputs)
    expect(result.exitCode).toBe(1)
    expect(result.annotations[0]?.message).toMatch(message)
    expect(result.outputs.baseline).toBeUndefined()
  })

  it('a missing region is said with the others, and commands need none', async () => {
    const result = await run({ cluster: 'c', 'verify-timeout': '5m' })
    expect(result.annotations[0]?.message).toMatch(
      /^3 inputs cannot be used:\n- services: is required for ECS .*\n- verify-timeout: .*\n- aws-region: is required, because /,
    )
    expect((await run({ 'capture-command': 'echo 1', 'rollback-command': 'true' })).exitCode).toBe(0)
  })
})
