/** Replaces secrets by `***` in everything that leaves a job, also in the encodings that GitHub's runner looks for. */
export class Masker {
  readonly #values = new Set<string>()
  readonly #whole: Masker | undefined

  /** @param whole is told every secret, too: that of the run for a job's */
  constructor(secrets: Iterable<string> = [], whole?: Masker) {
    this.#whole = whole
    for (const secret of secrets) this.add(secret)
  }

  /** A value of several lines is also masked line by line, since a log is printed by the line. */
  add(secret: string): void {
    this.#whole?.add(secret)
    for (const value of [secret, ...secret.split(/\r?\n/)]) {
      const trimmed = value.trim()
      if (trimmed === '') continue
      for (const variant of variantsOf(trimmed)) if (variant !== '') this.#values.add(variant)
    }
  }

  mask(text: string): string {
    const ranges = this.#rangesIn(text)
    let masked = ''
    let end = 0
    for (const range of ranges) {
      masked += `${text.slice(end, range.start)}***`
      end = range.end
    }
    return masked + text.slice(end)
  }

  holdsSecret(text: string): boolean {
    return this.#rangesIn(text).length > 0
  }

  maskAll(texts: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, this.mask(text)]))
  }

  /** Where secrets stand, in order; overlapping and adjoining ones are one range. */
  #rangesIn(text: string): readonly { readonly start: number; readonly end: number }[] {
    const found: { start: number; end: number }[] = []
    for (const value of this.#values)
      for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1))
        found.push({ start: at, end: at + value.length })
    found.sort((left, right) => left.start - right.start)
    const merged: { start: number; end: number }[] = []
    for (const range of found) {
      const last = merged.at(-1)
      if (last !== undefined && range.start <= last.end) last.end = Math.max(last.end, range.end)
      else merged.push({ ...range })
    }
    return merged
  }
}

/** As the runner's ValueEncoders: JSON, URI, XML, base64 in each of its three alignments, without outer quotes. */
function variantsOf(value: string): readonly string[] {
  const variants = [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value.toWellFormed()),
    value
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&apos;'),
    value.length > 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : '',
  ]
  // Shorter ones would mask plain words.
  if (value.length >= 8) for (const shift of [0, 1, 2]) variants.push(base64Core(value, shift))
  return variants
}

/** The characters of base64 that depend on `value` alone when it stands `shift` bytes into a text. */
function base64Core(value: string, shift: number): string {
  const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(value)])
  const whole = bytes.subarray(shift === 0 ? 0 : 3, bytes.length - (bytes.length % 3))
  return whole.toString('base64')
}
