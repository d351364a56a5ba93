import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { stripContentHash } from './content-hash.ts'
import { joinFiles, nameFiles } from './file-names.ts'

describe('content hashes', () => {
  test.each([
    ['dist/app.3f2a9c1b.js', 'dist/app.[hash].js'],
    ['app.3f2a9c1b.chunk.css', 'app.[hash].chunk.css'],
    ['main.3f2a9c.js', 'main.[hash].js'],
    ['static/chunks/framework-3ed3edfbeb8cf7b4.js', 'static/chunks/framework-[hash].js'],
    ['assets/index-BkV3f_2Q.js', 'assets/index-[hash].js'],
    ['assets/index--xK3f9_a.js', 'assets/index-[hash].js'],
    ['fonts/inter-latin-400-normal-C38fXH4l.woff2', 'fonts/inter-latin-400-normal-[hash].woff2'],
    ['app-5XWJGZ3K.js', 'app-[hash].js'],
    ['static/K5x0Pf_qz1xY2w3v4t5u6/_ssgManifest.js', 'static/[hash]/_ssgManifest.js'],
    ['a1b2c3d4e5f60718.js', '[hash].js'],
    ['static/chunks/turbopack-2u1d16houkiyo.js', 'static/chunks/turbopack-[hash].js'],
    // The first is the id of the chunk, by the paths of its modules.
    ['static/chunks/4bd1b696-c7408084347438ae.js', 'static/chunks/4bd1b696-[hash].js'],
  ])('%s is %s in every build', (path, name) => expect(stripContentHash(path)).toBe(name))

  test.each([
    'chunk-SETTINGS.js',
    'main.UserList.js',
    'vendor-ReactDOM.js',
    'dashboard-Settings.js',
    'jquery-3.7.1.min.js',
    'facade.js',
    'decade.css',
    'report-20240115.pdf',
    'polyfills-es2015.js',
    'internationalization.js',
    'reactDomClientServerRuntime.js',
    'check-is-valid.js',
    'favicon-192x192.png',
    'SignatureV4.js',
    'README',
    '.htaccess',
    'background-gradient.svg',
    'lazy-LazyForm.js',
    'worker.d.ts',
    'app-folklore.js',
    'app-Buzzword.js',
    'app.krzysztof.js',
    'app-rijndael256.js',
    'vendor-qwertyui.js',
    'zzyzx-pwd-http.js',
    'eslint-plugin-jsx-a11y.js',
    'messages-i18n_en.js',
    'vendor-POLYFILL.js',
    'app-HTML5APP.js',
    // Turbopack's names are hashes as a whole. Without them, or without a part of them, one file would pass for another.
    '39_j1bdzreq0m.js',
    '3n_c8q1xtyv-r.js',
    '1v-ad3pu-7_9l.js',
    '0m3mby5pxg4oz.js',
    '0ab1-x3_f2-9q.js',
  ])('%s has none', (path) => expect(stripContentHash(path)).toBe(path))

  test('at least 95 of 100 hashes of webpack, Vite and esbuild are found; the others stay as they are', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
    const found = { hex: 0, base64url: 0, base32: 0 }
    for (let at = 0; at < 1000; at += 1) {
      const digest = createHash('sha256').update(String(at)).digest()
      const base32 = [...digest.subarray(0, 8)].map((byte) => alphabet[byte % 32]).join('')
      if (stripContentHash(`app.${digest.toString('hex').slice(0, 8)}.js`) === 'app.[hash].js') found.hex += 1
      if (stripContentHash(`app-${digest.toString('base64url').slice(0, 8)}.js`) === 'app-[hash].js')
        found.base64url += 1
      if (stripContentHash(`app-${base32}.js`) === 'app-[hash].js') found.base32 += 1
    }
    expect(found.hex).toBeGreaterThan(990)
    expect(found.base64url).toBeGreaterThan(950)
    expect(found.base32).toBeGreaterThan(950)
  })
})

describe('files of two builds', () => {
  test('are joined by their names without hashes', () => {
    const { pairs, collisions } = joinFiles(
      ['app.3f2a9c1b.js', 'old.css'],
      ['app.99e1b2c4.js', 'new.css'],
      stripContentHash,
    )
    expect(pairs).toEqual([
      { name: 'app.[hash].js', before: 'app.3f2a9c1b.js', after: 'app.99e1b2c4.js' },
      { name: 'new.css', after: 'new.css' },
      { name: 'old.css', before: 'old.css' },
    ])
    expect(collisions).toEqual([])
  })

  test('that share a name without hashes are never summed: they keep their full names, and the name is listed', () => {
    const { pairs, collisions } = joinFiles(
      ['index-3f2a9c1b.js', 'index-4b1c9a2f.js'],
      ['index-3f2a9c1b.js', 'index-77e1b2c4.js'],
      stripContentHash,
    )
    expect(collisions).toEqual(['index-[hash].js'])
    expect(pairs).toEqual([
      { name: 'index-3f2a9c1b.js', before: 'index-3f2a9c1b.js', after: 'index-3f2a9c1b.js' },
      { name: 'index-4b1c9a2f.js', before: 'index-4b1c9a2f.js' },
      { name: 'index-77e1b2c4.js', after: 'index-77e1b2c4.js' },
    ])
    expect(nameFiles(['a-3f2a9c1b.js', 'a-77e1b2c4.js', 'b-3f2a9c1b.js'], stripContentHash)).toEqual([
      'a-3f2a9c1b.js',
      'a-77e1b2c4.js',
      'b-[hash].js',
    ])
  })
})
