import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { runShell } from './shell.ts'

const signal = new AbortController().signal
const environment = { PATH: '/usr/bin:/bin' }

test('a value reaches the command in its environment and is not read by the shell', async () => {
  const result = await runShell('echo "$VALUE"; exit 3', {
    environment: { ...environment, VALUE: '$(echo no); `no`' },
    timeoutMs: 10_000,
    signal,
    clock: systemClock,
  })
  expect(result).toEqual({ exitCode: 3, timedOut: false, stdout: '$(echo no); `no`\n', stderr: '' })
})

test('the whole process group ends at the time limit', async () => {
  const options = { environment, timeoutMs: 200, signal, clock: systemClock }
  const result = await runShell('sleep 60 & echo started; sleep 60', options)
  expect(result).toMatchObject({ exitCode: null, timedOut: true, stdout: 'started\n' })
})

test('a command that ignores SIGTERM is killed when the signal aborts', async () => {
  const abort = new AbortController()
  const running = runShell("trap '' TERM; sleep 60; sleep 60", {
    environment,
    timeoutMs: 60_000,
    signal: abort.signal,
    clock: systemClock,
  })
  abort.abort()
  expect(await running).toMatchObject({ timedOut: false })
})

test('lines arrive whole and in order while the command runs', async () => {
  const lines: string[] = []
  const onLines = (some: readonly string[]): void => void lines.push(...some)
  await runShell("printf 'one\\ntw'; sleep 0.05; printf 'o\\nthree'", {
    environment,
    timeoutMs: 10_000,
    signal,
    clock: systemClock,
    onLines,
  })
  expect(lines).toEqual(['one', 'two', 'three'])
})

test('a program that the command leaves running does not hold the step', async () => {
  const options = { environment, timeoutMs: 10_000, signal, clock: systemClock }
  const result = await runShell('sleep 60 & echo $!', options)
  process.kill(Number(result.stdout))
  expect(result).toMatchObject({ exitCode: 0, timedOut: false })
})

test('who receives lines slowly gets all of them, and the command waits', async () => {
  let count = 0
  const onLines = async (lines: readonly string[]): Promise<void> => {
    count += lines.length
    await systemClock.sleep(5)
  }
  const options = { environment, timeoutMs: 20_000, signal, clock: systemClock, onLines }
  const result = await runShell('seq 1 100000', options)
  expect([result.exitCode, count]).toEqual([0, 100_000])
})
