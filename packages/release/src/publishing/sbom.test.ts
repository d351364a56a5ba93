import { expect, test } from 'vitest'
import { renderSbom } from './sbom.ts'

const subject = { version: '1.2.3', source: 'f'.repeat(40), date: '2026-01-02T03:04:05+00:00' }
const packages = {
  alpha: [
    { name: 'yaml', version: '2.9.1', license: 'ISC' },
    { name: '@aws-sdk/client-ecs', version: '3.0.0', license: 'Apache-2.0' },
  ],
  beta: [{ name: 'yaml', version: '2.9.1', license: 'ISC' }],
  gamma: [],
}

test('the SBOM has each package once and says which action has which', async () => {
  const sbom = JSON.parse(await renderSbom(packages, subject))
  const ecs = 'pkg:npm/%40aws-sdk/client-ecs@3.0.0'
  const yaml = 'pkg:npm/yaml@2.9.1'
  expect(sbom.components.map((component: Record<string, string>) => component['bom-ref'])).toEqual([
    ...['alpha', 'beta', 'gamma', ecs, yaml],
  ])
  expect(sbom.components[4]).toMatchObject({ licenses: [{ license: { id: 'ISC' } }], purl: yaml })
  expect(sbom.dependencies).toEqual([
    { ref: 'deploy-kit', dependsOn: ['alpha', 'beta', 'gamma'] },
    { ref: 'alpha', dependsOn: [yaml, ecs] },
    { ref: 'beta', dependsOn: [yaml] },
    { ref: 'gamma', dependsOn: [] },
  ])
  expect(sbom.metadata.properties).toEqual([{ name: 'deploy-kit:source-commit', value: subject.source }])
})

test('the SBOM of a release is the same every time, and that of another one has another serial number', async () => {
  const first = await renderSbom(packages, subject)
  expect(await renderSbom(packages, subject)).toBe(first)
  const other = JSON.parse(await renderSbom(packages, { ...subject, version: '1.2.4' }))
  expect(other.serialNumber).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
  expect(other.serialNumber).not.toBe(JSON.parse(first).serialNumber)
})

test('what is not CycloneDX is an error: a licence that SPDX does not know', async () => {
  const odd = { alpha: [{ name: 'odd', version: '1.0.0', license: 'Beerware-ish' }] }
  await expect(renderSbom(odd, subject)).rejects.toThrow('The SBOM is not valid CycloneDX')
})
