import { blocks, code, details, table } from '@deploy-kit/core/markdown'
import { formatSize } from '@deploy-kit/core/size'
import { byWeight, type NamedChange } from './comparison.ts'
import { groupDigits } from './digits.ts'
import { describeChange, type Extent, plural, shorten } from './report-text.ts'

/** Why it grew: what is new, gone, or of another size, largest change first; closed at first. */
export function renderChanges(noun: 'File' | 'Module', changes: readonly NamedChange[], extent: Extent): string {
  if (changes.length === 0) return ''
  const sorted = [...changes].sort(byWeight)
  const shown = sorted.slice(0, extent.files)
  const rest = sorted.length - shown.length
  const heading = `${noun}s: ${describeCounts(sorted)}${noun === 'Module' ? ', in bytes before compression' : ''}`
  return details(
    heading,
    blocks(
      table([noun, 'Before', 'Now', 'Change'], shown.map(renderRow)),
      rest > 0 ? `${plural(rest, `more ${noun.toLowerCase()}`)} changed less than these.` : '',
    ),
  )
}

function describeCounts(changes: readonly NamedChange[]): string {
  const added = changes.filter((change) => change.beforeBytes === undefined).length
  const removed = changes.filter((change) => change.afterBytes === undefined).length
  const changed = changes.length - added - removed
  return `${groupDigits(added)} new, ${groupDigits(removed)} removed, ${groupDigits(changed)} changed`
}

function renderRow(file: NamedChange): string[] {
  return [
    code(shorten(file.name)),
    file.beforeBytes === undefined ? '' : formatSize(file.beforeBytes),
    file.afterBytes === undefined ? '' : formatSize(file.afterBytes),
    describeChange(file),
  ]
}

const MOST_COLLISIONS = 10

/** Why files are listed by their full names. */
export function renderCollisions(names: readonly string[]): string {
  if (names.length === 0) return ''
  const shown = names.slice(0, MOST_COLLISIONS).map((name) => code(shorten(name)))
  const rest = names.length > MOST_COLLISIONS ? ` and ${names.length - MOST_COLLISIONS} more` : ''
  return `Several files share a name once their hashes are removed, so they are listed by their full names: ${shown.join(', ')}${rest}.`
}
