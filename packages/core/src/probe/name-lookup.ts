import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'

type Answer = { readonly error: NodeJS.ErrnoException | null; readonly addresses: readonly LookupAddress[] }

/**
 * The system's name resolution, asked once for all who wait for the same name at the same time: it runs on Node's four
 * worker threads, and a name server that does not answer would hold one for every target.
 */
export function shareLookups(): LookupFunction {
  const pending = new Map<string, Promise<Answer>>()
  return (host, options, callback) => {
    const asked = pending.get(host) ?? ask(host)
    pending.set(host, asked)
    void asked.then(({ error, addresses }) => {
      pending.delete(host)
      const [first] = addresses
      if (error || !first) callback(error ?? new Error(`no address for ${host}`), '', 0)
      else if (options.all) callback(null, [...addresses])
      else callback(null, first.address, first.family)
    })
  }
}

async function ask(host: string): Promise<Answer> {
  const { lookup } = await import('node:dns')
  return await new Promise((resolve) => {
    lookup(host, { all: true }, (error, addresses) => resolve({ error, addresses: addresses ?? [] }))
  })
}
