import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GateReport } from './report.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The runner's temporary folder, which it empties after the job; the system's outside of a job. */
export function temporaryFolderOf(environment: Environment): string {
  return environment.RUNNER_TEMP || tmpdir()
}

/** Writes the report into a folder of its own in the runner's temporary folder and returns its path. */
export function writeReport(report: GateReport, environment: Environment): string {
  const folder = mkdtempSync(join(temporaryFolderOf(environment), 'bundle-size-gate-'))
  const path = join(folder, 'report.json')
  writeFileSync(path, `${JSON.stringify(reportData(report), undefined, 2)}\n`)
  return path
}

/** The report as data. */
function reportData(report: GateReport): object {
  const { measurement, judgement, comparison } = report
  return {
    totalBytes: measurement.totalBytes,
    lines: measurement.lines.map((line) => ({
      name: line.name,
      bytes: line.bytes,
      compression: line.compression,
      budgetBytes: line.budget?.bytes ?? null,
      missing: line.missing ?? null,
      files: line.files,
    })),
    violations: judgement.violations,
    warnings: judgement.warnings,
    overriddenBy: report.overriddenBy ?? null,
    collisions: report.collisions,
    baseline: report.baselineNote,
    comparison: comparison ?? null,
    modules: report.modules ?? null,
    moduleChanges: report.moduleChanges ?? null,
  }
}
