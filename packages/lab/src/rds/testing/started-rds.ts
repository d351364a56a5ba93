import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RDSClient } from '@aws-sdk/client-rds'
import { Client } from 'pg'
import { LabClock } from '../../lab-clock.ts'
import { ProcessKeeper } from '../../process-keeper.ts'
import { seededRandom } from '../../seeded-random.ts'
import { type RunningServer, startServer, testCredentials } from '../../server/server.ts'
import type { Service } from '../../service.ts'
import { parseWorld, type WorldInput } from '../../world.ts'
import { createRdsService, type RdsService } from '../rds-service.ts'

export interface StartedRds extends AsyncDisposable {
  readonly service: RdsService
  readonly server: RunningServer
  readonly client: RDSClient
  /** A client of another region. */
  clientIn(region: string): RDSClient
  /** A session of the master user. */
  connect(port?: number): Promise<Client & AsyncDisposable>
}

export const accountId = '123456789012'
export const region = 'eu-central-1'

export const financeHub = {
  identifier: 'finance-hub',
  databaseName: 'finance_hub',
  username: 'finance_hub',
  password: 'correct-horse',
} as const

/** RDS behind the lab's server, for a test; 30 AWS seconds take 30 ms. */
export async function startRds(world: Partial<WorldInput> = { databases: [financeHub] }): Promise<StartedRds> {
  await using started = new AsyncDisposableStack()
  const dataDirectory = await mkdtemp(join(tmpdir(), 'deploy-kit-rds-test-'))
  const keeper = started.use(new ProcessKeeper(dataDirectory))
  const services: Service[] = []
  const server = started.use(await startServer({ services }))
  const clock = new LabClock(0.001)
  const service = await createRdsService(
    { accountId, region, clock, journal: server.journal, dataDirectory, random: seededRandom(1) },
    { world: parseWorld({ region, accountId, ...world }, '.'), keeper },
  )
  started.defer(() => service.close())
  services.push(service)
  const clientIn = (name: string) =>
    new RDSClient({ region: name, endpoint: server.url, credentials: testCredentials, maxAttempts: 1 })
  const client = clientIn(region)
  const running = started.move()
  return {
    service,
    server,
    client,
    clientIn,
    connect: (port = service.endpoint('finance-hub').port) => connect(port),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function connect(port: number): Promise<Client & AsyncDisposable> {
  const { databaseName: database, username: user, password } = financeHub
  const client = new Client({ host: '127.0.0.1', port, user, password, database })
  client.on('error', () => {})
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}
