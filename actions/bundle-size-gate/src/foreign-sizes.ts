const POWERS = ['b', 'k', 'm', 'g', 't', 'p']

/**
 * A size as size-limit reads it (the package bytes-iec): `kB` is 1,000 bytes, `KiB` 1,024, a bare number bytes.
 *
 * @throws {RangeError} for a time limit, which size-limit tells by an `s`, and for what is no size
 */
export function readBytesIec(given: string | number): number {
  if (typeof given === 'number') return given
  if (/s/i.test(given)) throw new RangeError(`the limit '${given}' is a time, and this gate measures files`)
  const match = /^\+?(\d+(?:\.\d+)?) *(?:([kmgtp]?)(i?)b)?$/i.exec(given)
  if (!match) throw new RangeError(`the limit '${given}' is not a size`)
  const [, amount, power = '', binary] = match
  const base = binary === '' || binary === undefined ? 1000 : 1024
  return Math.floor(Number(amount) * base ** Math.max(0, POWERS.indexOf(power.toLowerCase())))
}

/**
 * A size as bundlesize and bundlewatch read it (the package bytes): `kB` is 1,024 bytes.
 *
 * @throws {RangeError} for what they would silently take for something else: `10 KiB` is 10 bytes to them
 */
export function readBytesLibrary(given: string | number): number {
  if (typeof given === 'number') return given
  const match = /^\+?(\d+(?:\.\d+)?) *(?:([kmgtp]?)b)?$/i.exec(given)
  if (!match) throw new RangeError(`maxSize '${given}' is not a size that this tool reads; write a number and kB or MB`)
  const [, amount, power = ''] = match
  return Math.floor(Number(amount) * 1024 ** Math.max(0, POWERS.indexOf(power.toLowerCase())))
}
