/** Rows as aligned columns of plain text, the first to the left and the others to the right. */
export function renderColumns(rows: readonly (readonly string[])[]): string {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  return rows
    .map(([first = '', ...rest]) => [first.padEnd(width(0)), ...rest.map((cell, i) => cell.padStart(width(i + 1)))])
    .map((cells) => cells.join('  '))
    .join('\n')
}

export function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}
