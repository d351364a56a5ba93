import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { choosePrunable } from './retention.ts'
import type { Snapshot } from './snapshot.ts'

const now = new Date('2026-06-30T12:00:00Z')
const ours = new Map([['deploy-kit:action', 'rds-snapshot']])

function snapshot(identifier: string, ageDays: number, more: Partial<Snapshot> = {}): Snapshot {
  return {
    identifier,
    arn: `arn:aws:rds:eu-central-1:1:snapshot:${identifier}`,
    databaseIdentifier: 'db',
    resourceId: 'db-A',
    type: 'manual',
    status: 'available',
    percentProgress: 100,
    sizeGib: 20,
    encrypted: false,
    engine: 'postgres',
    createdAt: new Date(now.getTime() - ageDays * 86_400_000),
    sourceArn: undefined,
    tags: ours,
    ...more,
  }
}

function pruned(all: readonly Snapshot[], rule: { count?: number; days?: number }): string[] {
  const about = { resourceId: 'db-A', newIdentifier: 'new', now }
  return choosePrunable(all, { count: rule.count, days: rule.days }, about).map(({ identifier }) => identifier)
}

describe('choosePrunable', () => {
  const history = [snapshot('new', 0), snapshot('one', 1), snapshot('ten', 10), snapshot('forty', 40)]

  test('counts the new snapshot among those to keep', () => {
    expect(pruned(history, { count: 2 })).toEqual(['ten', 'forty'])
    expect(pruned(history, { count: 1 })).toEqual(['one', 'ten', 'forty'])
    expect(pruned(history, { count: 4 })).toEqual([])
  })

  test('keeps the same ones when the new snapshot is still to be made, as under the quota', () => {
    expect(pruned(history.slice(1), { count: 2 })).toEqual(['ten', 'forty'])
  })

  test('gives up by age what is older than so many days', () => {
    expect(pruned(history, { days: 10 })).toEqual(['forty'])
  })

  test('keeps what either part of the rule keeps', () => {
    expect(pruned(history, { count: 1, days: 10 })).toEqual(['forty'])
    expect(pruned(history, { count: 4, days: 1 })).toEqual([])
  })

  test('does nothing without a rule', () => {
    expect(pruned(history, {})).toEqual([])
  })

  test.each([
    ['automated', { type: 'automated' }],
    ['still being created', { status: 'creating' }],
    ['of another database under the same name', { resourceId: 'db-B' }],
    ['somebody else’s', { tags: new Map([['team', 'data']]) }],
    ['without a time', { createdAt: undefined }],
  ])('never touches one that is %s', (_, more) => {
    expect(pruned([...history, snapshot('other', 400, more)], { count: 1, days: 1 })).not.toContain('other')
  })

  test('what a run will give up is told before its snapshot is there', () => {
    const there = [snapshot('young', 1), snapshot('old', 30)]
    const facts = { resourceId: 'db-A', newIdentifier: 'new', now }
    const names = (newIsPlanned: boolean) =>
      choosePrunable(there, { count: 1, days: undefined }, { ...facts, newIsPlanned }).map(
        ({ identifier }) => identifier,
      )
    expect(names(false)).toEqual(['old'])
    expect(names(true)).toEqual(['young', 'old'])
    const after = choosePrunable([snapshot('new', 0), ...there], { count: 1, days: undefined }, facts)
    expect(after.map(({ identifier }) => identifier)).toEqual(names(true))
  })

  test('over any history, gives up only our own, never the new one, and keeps enough', () => {
    const arbitrary = fc.array(
      fc.record({
        ageDays: fc.integer({ min: 0, max: 100 }),
        type: fc.constantFrom('manual', 'automated', 'shared'),
        status: fc.constantFrom('available', 'creating', 'failed', 'copying'),
        resourceId: fc.constantFrom('db-A', 'db-B'),
        tags: fc.constantFrom(ours, new Map<string, string>()),
      }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(
        arbitrary,
        fc.integer({ min: 1, max: 10 }),
        fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
        (parts, count, days) => {
          const all = [
            snapshot('new', 0),
            ...parts.map(({ ageDays, ...more }, index) => snapshot(`s${index}`, ageDays, more)),
          ]
          const gone = choosePrunable(all, { count, days }, { resourceId: 'db-A', newIdentifier: 'new', now })
          const eligible = all.filter(
            (one) =>
              one.tags === ours && one.type === 'manual' && one.status === 'available' && one.resourceId === 'db-A',
          )
          expect(gone.every((one) => eligible.includes(one) && one.identifier !== 'new')).toBe(true)
          const kept = eligible.filter((one) => !gone.includes(one))
          expect(kept.length).toBeGreaterThanOrEqual(Math.min(count, eligible.length))
          const youngestGone = Math.max(...gone.map((one) => one.createdAt?.getTime() ?? 0))
          expect(kept.filter((one) => (one.createdAt?.getTime() ?? 0) < youngestGone && days === undefined)).toEqual([])
        },
      ),
    )
  })
})
