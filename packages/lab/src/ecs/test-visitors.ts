import { Agent, get } from 'node:http'

export interface Visitors extends AsyncDisposable {
  readonly count: number
  readonly failures: readonly string[]
  readonly versions: ReadonlySet<string>
  readonly processes: ReadonlySet<number>
  readonly lastVersion: string
  readonly lastProcess: number
  /** Resolves when the last request is answered. */
  stop(): Promise<void>
}

/** Visitors of a web service: each sends one request after the other over a connection that is kept alive. */
export function startVisitors(url: string, visitors: number): Visitors {
  const agent = new Agent({ keepAlive: true })
  const seen = { count: 0, failures: [] as string[], versions: new Set<string>(), processes: new Set<number>() }
  const last = { version: '', process: 0 }
  let going = true
  const visit = async () => {
    while (going) {
      const answer = await ask(url, agent)
      seen.count += 1
      if (typeof answer === 'string') {
        seen.failures.push(answer)
        continue
      }
      seen.versions.add(answer.version)
      seen.processes.add(answer.pid)
      last.version = answer.version
      last.process = answer.pid
    }
  }
  const visits = Promise.all(Array.from({ length: visitors }, visit))
  const stop = async () => {
    going = false
    await visits
    agent.destroy()
  }
  return {
    get count() {
      return seen.count
    },
    failures: seen.failures,
    versions: seen.versions,
    processes: seen.processes,
    get lastVersion() {
      return last.version
    },
    get lastProcess() {
      return last.process
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

interface Answer {
  readonly version: string
  readonly pid: number
}

/** The answer, or what went wrong. */
function ask(url: string, agent: Agent): Promise<Answer | string> {
  return new Promise((resolve) => {
    const request = get(url, { agent }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('error', (error) => resolve(error.message))
      response.on('end', () => resolve(response.statusCode === 200 ? JSON.parse(body) : String(response.statusCode)))
    })
    request.on('error', (error) => resolve(error.message))
  })
}
