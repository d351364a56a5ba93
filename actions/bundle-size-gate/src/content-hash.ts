/** What stands in a name where a content hash was, so that `app.3f2a9c1b.js` never becomes an `app.js` beside it. */
const PLACEHOLDER = '[hash]'

/**
 * The path without the content hashes in it, the same from build to build.
 *
 * Recognised are hexadecimal (webpack, Parcel, Next.js), base32 (esbuild, Angular) and base64url (Rollup, Vite) hashes
 * between the separators of a name, in front of its extension; and whole folders such as Next.js's build id. A word is
 * never taken for a hash: what could be read aloud stays, so a few hashes that look like words stay too.
 */
export function stripContentHash(path: string): string {
  const folders = path.split('/')
  const name = folders.pop() ?? ''
  return [...folders.map(stripFolder), stripName(name)].join('/')
}

function stripFolder(folder: string): string {
  return folder.length >= 16 && /^[\w-]+$/.test(folder) && isHash(folder) ? PLACEHOLDER : folder
}

function stripName(name: string): string {
  const parts = name.split('.')
  const extension = parts.pop() ?? ''
  if (parts.length === 0) return name
  return [...parts.map((part, at) => stripPart(part, at > 0)), extension].join('.')
}

/** The whole name of a chunk of Turbopack (Next.js 16): were a part of it removed, another file could have the rest. */
const TURBOPACK = /^[0-3][0-9a-z_-]{12}$/

/** A part of a name between dots: `app-3f2a9c1b`, `BkV3f_2Q`. Only hexadecimal hashes are whole names. */
function stripPart(part: string, follows: boolean): string {
  const segments = part.split(/([-_~])/)
  const lastIsHex = isHexHash(segments.at(-1) ?? '')
  if (!follows && TURBOPACK.test(part) && !lastIsHex) return part
  // Rollup's hashes are eight characters of base64url, which has the separators - and _ in it.
  const tail = /^(|.*-)([\w-]{8})$/.exec(part)
  if (tail) {
    const [, head = '', candidate = ''] = tail
    if ((follows || head !== '') && /[-_]/.test(candidate) && isRandom(candidate)) return `${head}${PLACEHOLDER}`
  }
  // webpack's id of a chunk looks like a hash and is none: it is the same in the next build.
  const [first = ''] = segments
  const hasId = !follows && segments.length > 1 && lastIsHex && isHexHash(first)
  return segments
    .map((segment, at) => {
      if (at === 0 && hasId) return segment
      return (follows || at > 0 ? isHash(segment) : isHexHash(segment)) ? PLACEHOLDER : segment
    })
    .join('')
}

function isHash(segment: string): boolean {
  if (isHexHash(segment)) return true
  return segment.length >= 8 && /^[\w-]+$/.test(segment) && isRandom(segment)
}

function isHexHash(segment: string): boolean {
  if (!/^([0-9a-f]+|[0-9A-F]+)$/.test(segment)) return false
  const letters = segment.replaceAll(/\d/g, '').length
  const digits = segment.length - letters
  if (segment.length >= 16) return true
  // A date such as 20260131 is a name; any other row of eight digits is a hash that happens to have no letter.
  if (segment.length >= 8) return digits > 0 && !(letters === 0 && /^(19|20)\d\d(0[1-9]|1[0-2])[0-3]\d/.test(segment))
  // Shorter ones only where letters and digits take turns as they do in no word and no version.
  return segment.length >= 6 && (segment.match(/\d(?=[a-f])|[a-f](?=\d)/gi)?.length ?? 0) >= 3
}

/** Letters that follow a letter in English words often enough (each pair more than once in 5,000), from a word list. */
const FOLLOWERS: Readonly<Record<string, string>> = {
  a: 'abcdefgiklmnprstuvwxyz',
  b: 'abcdeilmoprstuy',
  c: 'abcdehiklmorstuy',
  d: 'abcdefgilmnoprstuvy',
  e: 'abcdefghijklmnopqrstuvwxy',
  f: 'abcdefilorstuy',
  g: 'aeghilmnorsu',
  h: 'aeilmorstuy',
  i: 'abcdefgklmnoprstvxz',
  j: 'aeosu',
  k: 'adeinsu',
  l: 'abcdefilopstuvy',
  m: 'abdeilmopsuy',
  n: 'abcdefghijklmnoprstuvy',
  o: 'abcdefgiklmnoprstuvwxy',
  p: 'acdeghiloprstuy',
  q: 'lu',
  r: 'abcdefgiklmnoprstuvwy',
  s: 'acdefhiklmnoprstuvwy',
  t: 'acdefghilmnoprstuwy',
  u: 'abcdefgilmnoprst',
  v: 'aeiou',
  w: 'aehilnors',
  x: 'aceipt',
  y: 'abceilmnopst',
  z: 'aeioyz',
}

/** Runs of letters that are no words and yet stand in names of files. */
const ABBREVIATIONS = new Set(
  'svg png jpg gif html http https css js ts jsx tsx vue xml json yaml utf faq pdf sql rpc sdk url uri api ui ux db id qr cms crm dom rtl ltr csr ssr mdx md wasm cdn sso pkg v x d'.split(
    ' ',
  ),
)

/** How odd a text of eight characters has to be; words, camel case and words with a number score less. */
const ODD_PER_8 = 2
/** esbuild's base32: names are seldom written in capitals and digits only, so less is enough. */
const BASE32 = /^(?=.*\d)[A-Z2-7]{8}$/
const ODD_BASE32 = 1.5
/** Words such as folklore, Buzzword or rijndael256, however oddly they are spelt; one hash in a thousand looks so. */
const WORDS = /^([A-Za-z][a-z]*\d*|\d+)([-_]([A-Za-z][a-z]*\d*|\d+))*$|^(?!.{8}$)[A-Z]+$/

/** Whether the text cannot be read aloud: letters that do not follow each other in words, case and digits by turns. */
function isRandom(text: string): boolean {
  if (WORDS.test(text)) return false
  let oddity = 0
  let before = ''
  // a11y, i18n, k8s: a letter, how many follow, and the last.
  const spoken = text.replaceAll(/(?<![^-_])[a-z]\d{1,2}[a-z](?![^-_])/g, '')
  for (const run of spoken.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[-_]/g) ?? []) {
    if (run === '-' || run === '_' || ABBREVIATIONS.has(run.toLowerCase())) {
      before = ''
      continue
    }
    const bothLetters = !/\d/.test(before) && !/\d/.test(run)
    if (before !== '') oddity += bothLetters ? 0.6 : 0.8
    if (!/\d/.test(run)) oddity += oddityOfLetters(run.toLowerCase(), before !== '')
    before = run
  }
  return oddity >= (BASE32.test(text) ? ODD_BASE32 : (ODD_PER_8 * text.length) / 8)
}

function oddityOfLetters(run: string, continues: boolean): number {
  if (run.length === 1) return continues ? 1 : 0.4
  const strange = [...run].filter((letter, at) => at > 0 && !FOLLOWERS[run[at - 1] ?? '']?.includes(letter)).length
  return strange + (/[aeiouy]/.test(run) ? 0 : 0.5)
}
