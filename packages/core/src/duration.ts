const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const ORDER = ['d', 'h', 'm', 's', 'ms']

/** Longer waits than this are a typing error, and longer than any job may run (GitHub ends a self-hosted job after 5 days). */
const MAX_MS = 3650 * 86_400_000

/**
 * Milliseconds of a duration such as `500ms`, `30s`, `5m`, `1h30m` or `7d`.
 *
 * @throws {RangeError} with a message that follows the name of the input: "'30' has no unit; write 30s"
 */
export function parseDuration(text: string): number {
  const given = text.trim()
  const quoted = `'${given}'`
  if (/^\d+(\.\d+)?$/.test(given)) throw new RangeError(`${quoted} has no unit; write ${given}s`)
  if (/^-/.test(given)) throw new RangeError(`${quoted} is negative; a duration is 0s or more`)
  if (!/^(\d+(\.\d+)?[a-zA-Zµ]+)+$/.test(given)) {
    throw new RangeError(`${quoted} is not a duration; write a number with a unit, such as 500ms, 30s, 5m or 1h30m`)
  }
  let total = 0
  let previous = -1
  for (const [, amount, unit] of given.matchAll(/(\d+(?:\.\d+)?)([a-zA-Zµ]+)/g)) {
    const unitMs = UNITS_MS[unit ?? '']
    if (unitMs === undefined)
      throw new RangeError(`${quoted} has an unknown unit '${unit}'; units are ms, s, m, h and d`)
    const rank = ORDER.indexOf(unit ?? '')
    if (rank <= previous)
      throw new RangeError(
        `${quoted} has its units out of order; write them from large to small, each once, such as 1h30m`,
      )
    previous = rank
    total += Number(amount) * unitMs
  }
  if (total > MAX_MS) throw new RangeError(`${quoted} is longer than 3650d`)
  return Math.round(total)
}

/** `850ms`, `4.2s`, `42s`, `3m 05s`, `1h 02m`: for people, rounded to what matters at that size. */
export function formatDuration(ms: number): string {
  if (Math.round(ms) < 1000) return `${Math.round(ms)}ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(1)}s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m ${pad(seconds % 60)}s`
  const wholeMinutes = Math.round(seconds / 60)
  const hours = Math.floor(wholeMinutes / 60)
  if (hours < 48) return `${hours}h ${pad(wholeMinutes % 60)}m`
  return `${Math.floor(hours / 24)}d ${pad(hours % 24)}h`
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
