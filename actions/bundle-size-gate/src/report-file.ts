import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GateReport, reportData } from './report.ts'

/** Writes the report into a folder of its own in the runner's temporary folder and returns its path. */
export async function writeReport(
  report: GateReport,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const folder = await mkdtemp(join(environment.RUNNER_TEMP || tmpdir(), 'bundle-size-gate-'))
  const path = join(folder, 'report.json')
  await writeFile(path, `${JSON.stringify(reportData(report), undefined, 2)}\n`)
  return path
}
