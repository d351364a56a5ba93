/** The thread of a FileCopier. */
import { parentPort } from 'node:worker_threads'
import { copyTree, type TreeCopy } from './file-tree.ts'

parentPort?.on('message', ({ id, copy }: { id: number; copy: TreeCopy }) => {
  try {
    copyTree(copy)
    parentPort?.postMessage({ id })
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) })
  }
})
