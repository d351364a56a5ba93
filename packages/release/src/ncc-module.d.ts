/** The part of ncc's programmatic interface that is used here; the package has no types of its own. */
declare module '@vercel/ncc' {
  interface NccOptions {
    /** Off: ncc would keep a cache outside of the repository. */
    readonly cache: false
    readonly filename: string
    readonly quiet: boolean
    readonly target: string
  }
  interface NccResult {
    readonly code: string
    readonly assets: Readonly<Record<string, { readonly source: string | Buffer }>>
  }
  function ncc(entry: string, options: NccOptions): Promise<NccResult>
  // biome-ignore lint/style/noDefaultExport: ncc's module is one function.
  export default ncc
}
