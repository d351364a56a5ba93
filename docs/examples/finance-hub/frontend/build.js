import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'

// Stands for a bundler: content hashes in the names, so that browsers may keep what has not changed.
const source = new URL('./', import.meta.url)
const target = new URL('./dist/', import.meta.url)

async function copyHashed(name) {
  const content = await readFile(new URL(name, source))
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 8)
  const hashed = `${basename(name, extname(name))}.${hash}${extname(name)}`
  await writeFile(new URL(hashed, target), content)
  return hashed
}

await rm(target, { recursive: true, force: true })
await mkdir(target, { recursive: true })
let page = await readFile(new URL('index.html', source), 'utf8')
for (const name of ['app.css', 'app.js']) page = page.replace(name, await copyHashed(name))
await writeFile(new URL('index.html', target), page)
console.log('Wrote frontend/dist')
