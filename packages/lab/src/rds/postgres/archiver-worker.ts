/** The thread of an Archiver. */
import { parentPort } from 'node:worker_threads'
import { completeArchive, type Owner, type PackOptions, packFolder, unpackArchive } from './archive.ts'

export type Job =
  | { readonly kind: 'pack'; readonly options: PackOptions }
  | {
      readonly kind: 'complete'
      readonly archive: string
      readonly last?: { readonly path: string; readonly content: string }
    }
  | { readonly kind: 'unpack'; readonly archive: string; readonly folder: string; readonly owner: Owner | undefined }

parentPort?.on('message', ({ id, job }: { id: number; job: Job }) => {
  try {
    perform(job)
    parentPort?.postMessage({ id })
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) })
  }
})

function perform(job: Job): void {
  if (job.kind === 'pack') packFolder(job.options)
  else if (job.kind === 'complete') completeArchive(job.archive, job.last)
  else unpackArchive(job.archive, job.folder, job.owner)
}
