type Parse = typeof import('yaml').parse

let loaded: Parse | undefined

/**
 * Loads the YAML parser. It takes as long as a fifth of Node's own start, and most steps have no input that needs it:
 * fields that do say so (`prepare` in inputs.ts).
 */
export async function loadYamlParser(): Promise<void> {
  if (loaded !== undefined) return
  const { parse } = await import('yaml')
  loaded = parse
}

/**
 * Parses YAML 1.2, of which JSON is a part.
 *
 * @throws {Error} naming line and column of a syntax error
 */
export function parseYaml(text: string): unknown {
  if (loaded === undefined) throw new TypeError('The YAML parser is used before it was loaded')
  return loaded(text, { maxAliasCount: 100 })
}
