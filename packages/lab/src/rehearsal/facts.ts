import { DescribeServicesCommand, ECSClient, ListClustersCommand, ListServicesCommand } from '@aws-sdk/client-ecs'
import { DescribeDBSnapshotsCommand, RDSClient } from '@aws-sdk/client-rds'
import pg from 'pg'
import { visit } from './traffic.ts'

/** What is true in a lab, read from the running system: its balancer, its database, its AWS. */
export interface Facts {
  readonly services: readonly ServiceFact[]
  /** Of GET /health through the load balancer; undefined when the world has none. */
  readonly health: { readonly status: number; readonly version: string } | undefined
  readonly tables: readonly { readonly name: string; readonly rows: number }[]
  /** Names in `schema_migrations`; empty when there is no such table. */
  readonly migrations: readonly string[]
  readonly snapshots: readonly { readonly identifier: string; readonly status: string }[]
}

export interface ServiceFact {
  readonly name: string
  /** `family:revision`. */
  readonly taskDefinition: string
  readonly running: number
  readonly desired: number
  /** IDs of its deployments, the primary one first. */
  readonly deployments: readonly string[]
}

/** @param environment the lab's: where its AWS, its balancer and its database are */
export async function readFacts(environment: Readonly<Record<string, string>>): Promise<Facts> {
  const { LAB_DATABASE_URL: databaseUrl, LAB_SERVICE_URL: serviceUrl } = environment
  const [services, health, database, snapshots] = await Promise.all([
    readServices(environment),
    serviceUrl === undefined ? undefined : visit(`${serviceUrl}/health`),
    databaseUrl === undefined ? { tables: [], migrations: [] } : readDatabase(databaseUrl),
    readSnapshots(environment),
  ])
  return { services, health, ...database, snapshots }
}

function clientConfig(environment: Readonly<Record<string, string>>) {
  const { AWS_ENDPOINT_URL, AWS_REGION = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = environment
  return {
    region: AWS_REGION,
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
    ...(AWS_ENDPOINT_URL !== undefined && { endpoint: AWS_ENDPOINT_URL }),
  }
}

async function readServices(environment: Readonly<Record<string, string>>): Promise<readonly ServiceFact[]> {
  const ecs = new ECSClient(clientConfig(environment))
  const facts: ServiceFact[] = []
  const { clusterArns = [] } = await ecs.send(new ListClustersCommand())
  for (const cluster of clusterArns) {
    const { serviceArns = [] } = await ecs.send(new ListServicesCommand({ cluster }))
    if (serviceArns.length === 0) continue
    const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: serviceArns }))
    for (const service of services) {
      facts.push({
        name: service.serviceName ?? '',
        taskDefinition: (service.taskDefinition ?? '').replace(/^.*\//, ''),
        running: service.runningCount ?? 0,
        desired: service.desiredCount ?? 0,
        deployments: (service.deployments ?? []).map(({ id = '' }) => id),
      })
    }
  }
  return facts
}

async function readSnapshots(environment: Readonly<Record<string, string>>): Promise<Facts['snapshots']> {
  const rds = new RDSClient(clientConfig(environment))
  const { DBSnapshots = [] } = await rds.send(new DescribeDBSnapshotsCommand({ SnapshotType: 'manual' }))
  return DBSnapshots.map(({ DBSnapshotIdentifier = '', Status = '' }) => ({
    identifier: DBSnapshotIdentifier,
    status: Status,
  }))
}

async function readDatabase(url: string): Promise<Pick<Facts, 'tables' | 'migrations'>> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`,
    )
    const tables = []
    for (const { name } of rows) {
      const counted = await client.query<{ rows: string }>(
        `SELECT count(*) AS rows FROM ${client.escapeIdentifier(name)}`,
      )
      tables.push({ name, rows: Number(counted.rows[0]?.rows) })
    }
    const hasMigrations = rows.some(({ name }) => name === 'schema_migrations')
    const applied = hasMigrations
      ? await client.query<{ name: string }>('SELECT name FROM schema_migrations ORDER BY name')
      : { rows: [] }
    return { tables, migrations: applied.rows.map(({ name }) => name) }
  } finally {
    await client.end()
  }
}

/** One line a fact, for the console. */
export function describeFacts(facts: Facts): readonly string[] {
  const { health, services, tables, migrations, snapshots } = facts
  const listed = (items: readonly string[]): string => (items.length === 0 ? 'none' : items.join(', '))
  return [
    ...(health
      ? [`version served: ${health.version || 'none'} (GET /health answers ${health.status || 'nothing'})`]
      : []),
    ...services.map(
      ({ name, taskDefinition, running, desired }) =>
        `service ${name}: ${taskDefinition}, ${running} of ${desired} tasks running`,
    ),
    `rows in the database: ${listed(tables.map(({ name, rows }) => `${name} ${rows}`))}`,
    `migrations applied: ${listed(migrations)}`,
    `snapshots: ${listed(snapshots.map(({ identifier, status }) => `${identifier} (${status})`))}`,
  ]
}
