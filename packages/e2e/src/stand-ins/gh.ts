/**
 * Stands in for GitHub's gh, which needs GitHub: `gh attestation verify <file> --repo <owner/name> …` finds a file attested
 * when its line is in the list at `ATTESTED`, the SHA256SUMS that release.yml gives to actions/attest.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { repo: { type: 'string' }, 'signer-workflow': { type: 'string' } },
})
const [command, verb, file = ''] = positionals
if (`${command} ${verb}` !== 'attestation verify') throw new Error(`The stand-in for gh has no ${command} ${verb}`)
if (values.repo !== 'org/deploy-kit') throw new Error(`${values.repo} has no attestations here`)
const workflow = values['signer-workflow'] ?? 'org/deploy-kit/.github/workflows/release.yml'
if (workflow !== 'org/deploy-kit/.github/workflows/release.yml') throw new Error(`${workflow} has signed nothing here`)

const digest = createHash('sha256').update(readFileSync(file)).digest('hex')
if (readFileSync(process.env.ATTESTED ?? '', 'utf8').includes(`${digest}  `)) console.log(`✓ ${file}`)
else {
  console.error(`✗ no attestation for sha256:${digest}`)
  process.exitCode = 1
}
