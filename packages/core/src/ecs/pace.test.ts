import { expect, it } from 'vitest'
import type { Clock } from '../clock.ts'
import { Pace } from './pace.ts'

/** A clock that only moves when it is told to; it keeps the sleeps that were asked for. */
function createClock() {
  const state = { nowMs: 0, sleeps: [] as number[] }
  const clock: Clock = {
    nowMs: () => state.nowMs,
    date: () => new Date(0),
    sleep: async (ms) => {
      state.sleeps.push(Math.round(ms))
    },
  }
  return { state, clock }
}

it('lets nine tenths of a burst through at once and holds the rest to as much of the sustained rate', async () => {
  const { state, clock } = createClock()
  const pace = new Pace(clock)
  for (let count = 0; count < 20; count += 1) await pace.take('RegisterTaskDefinition')
  expect(state.sleeps).toEqual([1111, 2222])
})

it('counts together what ECS counts together, and apart what it does not', async () => {
  const { state, clock } = createClock()
  const pace = new Pace(clock)
  for (let count = 0; count < 18; count += 1) await pace.take('RegisterTaskDefinition')
  await pace.take('UpdateService')
  await pace.take('SomethingElse')
  expect(state.sleeps).toEqual([])
  await pace.take('DeregisterTaskDefinition')
  expect(state.sleeps).toEqual([1111])
})

it('fills up again with time, and never beyond the burst', async () => {
  const { state, clock } = createClock()
  const pace = new Pace(clock)
  for (let count = 0; count < 18; count += 1) await pace.take('RegisterTaskDefinition')
  state.nowMs = 3_600_000
  for (let count = 0; count < 19; count += 1) await pace.take('RegisterTaskDefinition')
  expect(state.sleeps).toEqual([1111])
})

it('holds no request back for longer than it takes to be refused and asked again', async () => {
  const { state, clock } = createClock()
  const pace = new Pace(clock)
  for (let count = 0; count < 40; count += 1) await pace.take('RegisterTaskDefinition')
  expect(Math.max(...state.sleeps)).toBe(5000)
})
