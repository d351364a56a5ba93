/**
 * Puts one JavaScript file through ncc: `node ncc-process.ts <entry> <output folder>`, run in the folder of the entry.
 *
 * A process of its own because ncc derives the ids of modules and chunks from paths relative to the working folder, both
 * of the modules and of ncc's own loaders: the same bytes everywhere need a working folder that moves along with the
 * files and lies at the same place in the repository (`scratchFolder`).
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import ncc from '@vercel/ncc'
import { minify } from 'rolldown/utils'

const [, , entry, outputFolder] = process.argv
if (!entry || !outputFolder) throw new Error('usage: ncc-process.ts <entry> <output folder>')

// When it ends, ncc would write a code cache into its own package: a file that the package store may share.
process.removeAllListeners('exit')

const filename = basename(entry)
const { code, assets } = await ncc(resolve(entry), { cache: false, filename, quiet: true, target: 'es2022' })
const files = [
  [filename, code] as const,
  ...Object.entries(assets).map(([name, { source }]) => [name, `${source}`] as const),
]

await mkdir(outputFolder, { recursive: true })
for (const [name, source] of files) await writeFile(join(outputFolder, name), await minified(name, source))

/** ncc minifies at best the entry, not the chunks beside it, and leaves webpack's comments in them. */
async function minified(name: string, source: string): Promise<string> {
  if (!name.endsWith('.mjs')) throw new Error(`${name}: a bundle has JavaScript only; import the content instead.`)
  const result = await minify(name, source, { module: true, codegen: { legalComments: 'none' } })
  if (result.errors.length > 0) throw new Error(result.errors.map((error) => error.message).join('\n'))
  return result.code
}
