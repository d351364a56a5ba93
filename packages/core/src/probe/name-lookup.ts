/** The addresses of a name, in the system's order of preference. Rejects with the system's error. */
export type NameLookup = (host: string) => Promise<readonly string[]>

/**
 * The system's name resolution, asked once for all who wait for the same name at the same time: it runs on Node's four
 * worker threads, and a name server that does not answer would hold one for every target.
 */
export function shareLookups(): NameLookup {
  const pending = new Map<string, Promise<readonly string[]>>()
  return (host) => {
    const asked = pending.get(host) ?? ask(host).finally(() => pending.delete(host))
    pending.set(host, asked)
    return asked
  }
}

async function ask(host: string): Promise<readonly string[]> {
  const { lookup } = await import('node:dns')
  return await new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => {
      if (error) reject(error)
      else resolve(addresses.map(({ address }) => address))
    })
  })
}
