import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { digestFiles } from './folder-digest.ts'

/**
 * Moves the folder `built` to `target`, in place of what is there, so that nobody sees half of it.
 *
 * Safe when several processes do it at once with the same content: the first one wins, the others find that the target
 * is what they have built and leave it alone, so that no file goes away under a process that has begun to read it.
 *
 * @param built in the same file system as `target`, in a folder that the caller removes afterwards
 */
export async function swapFolder(built: string, target: string): Promise<void> {
  const digest = await digestFiles(built, ['.'])
  const former = `${built}.former`
  await mkdir(dirname(target), { recursive: true })
  while ((await digestIfThere(target)) !== digest) {
    await rename(target, former).catch(allow('ENOENT'))
    // Another process's folder may have come in between: look again whether it is the same.
    await rename(built, target).catch(allow('ENOTEMPTY', 'EEXIST'))
    await rm(former, { recursive: true, force: true })
  }
}

async function digestIfThere(folder: string): Promise<string | undefined> {
  return digestFiles(folder, ['.']).catch(allow('ENOENT'))
}

function allow(...codes: string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (!error.code || !codes.includes(error.code)) throw error
    return undefined
  }
}
