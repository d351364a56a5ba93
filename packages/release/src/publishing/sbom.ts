import { createHash } from 'node:crypto'
import { Version as SpecVersion } from '@cyclonedx/cyclonedx-library/Spec'
import { JsonStrictValidator } from '@cyclonedx/cyclonedx-library/Validation'
import type { BundledPackages } from '../bundled-packages.ts'

export interface SbomSubject {
  readonly version: string
  /** The commit of the sources. */
  readonly source: string
  /** When that commit was made, in ISO 8601. */
  readonly date: string
}

type Component = { readonly type: string; readonly 'bom-ref': string; readonly [member: string]: unknown }

/**
 * A CycloneDX list of what is in a release, as JSON: the actions, and the npm packages in each one's bundle.
 * The same release gives the same bytes.
 *
 * @throws Error if it does not follow CycloneDX's own schema
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export async function renderSbom(packages: BundledPackages, subject: SbomSubject): Promise<string> {
  const json = `${JSON.stringify(describe(packages, subject), undefined, 2)}\n`
  const problem = await new JsonStrictValidator(SpecVersion.v1dot6).validate(json)
  if (problem !== null) throw new Error(`The SBOM is not valid CycloneDX: ${JSON.stringify(problem)}`)
  return json
}

function describe(packages: BundledPackages, { version, source, date }: SbomSubject): object {
  const actions = Object.entries(packages)
  const libraries = new Map<string, Component>()
  for (const each of actions.flatMap(([, contents]) => contents)) {
    const purl = purlOf(each)
    const licenses = [{ license: { id: each.license } }]
    libraries.set(purl, { type: 'library', 'bom-ref': purl, name: each.name, version: each.version, licenses, purl })
  }
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(`deploy-kit ${version} ${source}`)}`,
    version: 1,
    metadata: {
      timestamp: date,
      lifecycles: [{ phase: 'build' }],
      component: { type: 'application', 'bom-ref': 'deploy-kit', name: 'deploy-kit', version },
      properties: [{ name: 'deploy-kit:source-commit', value: source }],
    },
    components: [
      ...actions.map(([name]) => ({ type: 'application', 'bom-ref': name, name, version })),
      ...[...libraries.values()].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
    ],
    dependencies: [
      { ref: 'deploy-kit', dependsOn: actions.map(([name]) => name) },
      ...actions.map(([name, contents]) => ({ ref: name, dependsOn: [...new Set(contents.map(purlOf))] })),
    ],
  }
}

/** @see https://github.com/package-url/purl-spec/blob/main/types-doc/npm-definition.md */
function purlOf({ name, version }: { readonly name: string; readonly version: string }): string {
  return `pkg:npm/${name.replace(/^@/, '%40')}@${version}`
}

/** A UUID that is the same for the same text (RFC 9562, version 8: the rest of the digest as it is). */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
