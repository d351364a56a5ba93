/** What stands behind `uses`. @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsuses */
export type ActionReference =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'remote'; readonly repository: string; readonly path: string; readonly ref: string }
  | { readonly kind: 'docker'; readonly image: string }

/** Undefined when GitHub would refuse it. */
export function parseActionReference(uses: string): ActionReference | undefined {
  if (uses.startsWith('docker://')) return { kind: 'docker', image: uses.slice('docker://'.length) }
  if (uses === '.' || uses.startsWith('./') || uses.startsWith('../')) return { kind: 'local', path: uses }
  const match = /^([\w.-]+\/[\w.-]+)((?:\/[^@]+)?)@(\S+)$/.exec(uses)
  if (match === null) return undefined
  const [, repository = '', path = '', ref = ''] = match
  return { kind: 'remote', repository, path: path.replaceAll(/^\/+|\/+$/g, ''), ref }
}

/** `owner/name` or `owner/name/path`, as `--action` and `--skip-action` name it. */
export function actionName(reference: { readonly repository: string; readonly path: string }): string {
  return reference.path === '' ? reference.repository : `${reference.repository}/${reference.path}`
}
