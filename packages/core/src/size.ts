const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
}

/**
 * Bytes of a size: `250 kB` is 250,000 and `250 KiB` 256,000 (IEC 80000-13); a bare number is bytes.
 *
 * @throws {RangeError} with a message that follows the name of the input
 */
export function parseSize(text: string): number {
  const given = text.trim()
  const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(given)
  if (!match) {
    const sign = given.startsWith('-') ? 'is negative' : 'is not a size'
    throw new RangeError(`'${given}' ${sign}; write a number with a unit, such as 250 kB, 1.5 MB or 250 KiB`)
  }
  const [, amount, unit = ''] = match
  const factor = unit === '' ? 1 : UNITS[unit.toLowerCase()]
  if (factor === undefined)
    throw new RangeError(`'${given}' has an unknown unit '${unit}'; units are B, kB, MB, GB, KiB, MiB and GiB`)
  const bytes = Math.round(Number(amount) * factor)
  if (!Number.isSafeInteger(bytes)) throw new RangeError(`'${given}' is too large`)
  return bytes
}

/** `712 B`, `12.3 kB`, `1.25 MB`: decimal units, as browsers' tools show transfers. */
export function formatSize(bytes: number): string {
  const absolute = Math.abs(bytes)
  if (absolute < 1000) return `${bytes} B`
  for (const [unit, factor] of [
    ['kB', 1000],
    ['MB', 1_000_000],
  ] as const) {
    const value = bytes / factor
    if (Math.abs(value) < 999.5) return `${significant(value)} ${unit}`
  }
  return `${significant(bytes / 1_000_000_000)} GB`
}

function significant(value: number): string {
  const absolute = Math.abs(value)
  return value.toFixed(absolute < 9.995 ? 2 : absolute < 99.95 ? 1 : 0)
}
