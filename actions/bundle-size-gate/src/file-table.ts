import { blocks, code, details, table } from '@deploy-kit/core/markdown'
import { formatSize } from '@deploy-kit/core/size'
import { byWeight, type Comparison, type NamedChange } from './comparison.ts'
import { describeChange, type Extent, plural, shorten } from './report-text.ts'

/** Why it grew: files that are new, gone, or of another size, largest change first; closed at first. */
export function renderFiles(comparison: Comparison, extent: Extent): string {
  if (comparison.files.length === 0) return ''
  const files = [...comparison.files].sort(byWeight)
  const shown = files.slice(0, extent.files)
  const rest = files.length - shown.length
  return details(
    describeCounts(files),
    blocks(
      table(['File', 'Before', 'Now', 'Change'], shown.map(renderRow)),
      rest > 0 ? `${plural(rest, 'more file')} changed less than these.` : '',
    ),
  )
}

function describeCounts(files: readonly NamedChange[]): string {
  const added = files.filter((file) => file.beforeBytes === undefined).length
  const removed = files.filter((file) => file.afterBytes === undefined).length
  return `Files: ${added} new, ${removed} removed, ${files.length - added - removed} changed`
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
