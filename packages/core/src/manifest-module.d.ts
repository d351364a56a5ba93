/** What `import manifest from '../action.yml'` gives: the build and the tests turn the file into this object. */
declare module '*/action.yml' {
  const manifest: import('./manifest.ts').ActionManifest
  // biome-ignore lint/style/noDefaultExport: a YAML file has one value and no names.
  export default manifest
}
