import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { parse } from 'yaml'

/** Members in the words of the AWS API; the service that receives them validates them. */
const apiInput = v.looseObject({})
const environment = v.optional(v.record(v.string(), v.string()), {})
const command = v.pipe(v.array(v.string()), v.minLength(1))

const imageTag = v.pipe(
  v.strictObject({
    /** A tag, or a pattern with `*`. */
    match: v.string(),
    /** What the registry knows the tag's image by; default: one that is made up when the tag is pulled first. */
    digest: v.optional(v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/, 'a digest is sha256: and 64 digits'))),
    command: v.optional(command),
    environment,
  }),
  v.check(
    ({ match, digest }) => digest === undefined || !match.includes('*'),
    'a digest is that of one tag, without *',
  ),
)

const image = v.strictObject({
  repository: v.string(),
  /** The container's working directory, relative to the world file. */
  directory: v.optional(v.string(), '.'),
  command,
  environment,
  tags: v.array(imageTag),
})

/** A snapshot that is there when the lab starts; its data is what the database holds then. */
const snapshot = v.strictObject({
  identifier: v.string(),
  type: v.optional(v.picklist(['manual', 'automated']), 'manual'),
  status: v.optional(v.picklist(['available', 'failed']), 'available'),
  /** How long before the start of the lab it was taken. */
  ageDays: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  tags: v.optional(v.record(v.string(), v.string()), {}),
  /** Account ids, or `all`. */
  sharedWith: v.optional(v.array(v.string()), []),
  /** Of another database that had the same name before; default: of the database itself. */
  resourceId: v.optional(v.string()),
})

const database = v.strictObject({
  identifier: v.string(),
  engine: v.optional(v.string(), 'postgres'),
  databaseName: v.string(),
  username: v.string(),
  password: v.string(),
  /** The cluster that this instance is a member of: Aurora's for aurora-postgresql, a Multi-AZ one for postgres. */
  cluster: v.optional(v.string()),
  /** Any status that RDS has; everything but `available` stays as it is. */
  status: v.optional(v.string(), 'available'),
  /** In GiB. */
  allocatedStorage: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 20),
  /** One of `kmsKeys`; without it the database is not encrypted. */
  kmsKeyId: v.optional(v.string()),
  tags: v.optional(v.record(v.string(), v.string()), {}),
  copyTagsToSnapshot: v.optional(v.boolean(), false),
  deletionProtection: v.optional(v.boolean(), false),
  /** AWS seconds from the request for a snapshot until it is available. */
  snapshotSeconds: v.optional(v.pipe(v.number(), v.minValue(0)), 90),
  /** SQL files, relative to the world file, whose effects the database already holds when the lab starts. */
  initialSql: v.optional(v.array(v.string()), []),
  /** Of the cluster, when the database is a member of one. */
  snapshots: v.optional(v.array(snapshot), []),
})

const kmsKey = v.strictObject({
  /** `arn:aws:kms:<region>:<account>:key/<id>` */
  arn: v.pipe(v.string(), v.regex(/^arn:aws:kms:[a-z0-9-]+:\d{12}:key\/.+$/, "a KMS key's ARN ends in key/<id>")),
  /** `alias/<name>` */
  alias: v.optional(v.pipe(v.string(), v.regex(/^alias\/.+$/, 'a KMS alias starts with alias/'))),
})

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html */
const rdsQuotas = v.strictObject({
  /** Of instances and of clusters, each, in a region. */
  manualSnapshots: v.optional(v.number(), 100),
  /** Copies under way to a region at the same time; the error text of RDS says 5, its user guide 20. */
  crossRegionCopies: v.optional(v.number(), 5),
})

const seconds = v.pipe(v.number(), v.minValue(0))
const count = v.pipe(v.number(), v.integer(), v.minValue(1))

const loadBalancer = v.strictObject({
  name: v.string(),
  targetGroup: v.strictObject({
    name: v.string(),
    healthCheckPath: v.optional(v.string(), '/'),
    healthCheckIntervalSeconds: v.optional(seconds, 30),
    healthyThresholdCount: v.optional(count, 5),
    unhealthyThresholdCount: v.optional(count, 2),
    deregistrationDelaySeconds: v.optional(seconds, 300),
    matcher: v.optional(v.string(), '200'),
  }),
  /**
   * The other target group of blue/green, linear and canary deployments, checked as the first one is. With it the load
   * balancer has a listener for test traffic as well.
   */
  alternateTargetGroup: v.optional(v.strictObject({ name: v.string() })),
})

const role = v.strictObject({
  arn: v.string(),
  /** What it may do; default: everything. */
  policy: v.optional(v.looseObject({})),
  /** Whose OIDC tokens may take it; default: every job's that may ask for one. */
  trustPolicy: v.optional(v.looseObject({})),
})

const githubId = v.pipe(v.string(), v.regex(/^\d+$/, 'an id of GitHub is digits, in quotes'))

export const worldSchema = v.strictObject({
  region: v.string(),
  accountId: v.pipe(v.string(), v.regex(/^\d{12}$/, 'an account id is 12 digits, in quotes')),
  /** What a team keeps in its repository's configuration variables (`vars`); references are filled in. */
  variables: v.optional(v.record(v.string(), v.string()), {}),
  /** With them the subjects of OIDC tokens name these ids, as those of every repository made after 15 July 2026. */
  repositoryIds: v.optional(v.strictObject({ owner: githubId, repository: githubId })),
  /** Roles that can be assumed with the OIDC token. */
  roles: v.optional(v.array(role), []),
  images: v.optional(v.array(image), []),
  databases: v.optional(v.array(database), []),
  /** Keys that snapshots can be encrypted with, in any region, beside each region's `alias/aws/rds`. */
  kmsKeys: v.optional(v.array(kmsKey), []),
  rdsQuotas: v.optional(rdsQuotas, {}),
  /** RegisterTaskDefinition inputs; references such as `${databases.<identifier>.url}` are filled in. */
  taskDefinitions: v.optional(v.array(apiInput), []),
  loadBalancers: v.optional(v.array(loadBalancer), []),
  /**
   * What Secrets Manager and Parameter Store hold, by ARN (of a parameter, by name as well); references are filled in.
   * There is no API for them: containers are given their values.
   */
  secrets: v.optional(v.record(v.string(), v.string()), {}),
  /** CreateService inputs per cluster. */
  clusters: v.optional(
    v.array(v.strictObject({ clusterName: v.string(), services: v.optional(v.array(apiInput), []) })),
    [],
  ),
})

/** What a world file says, with defaults filled in, and `directory`: the absolute folder that its paths start from. */
export type World = v.InferOutput<typeof worldSchema> & { readonly directory: string }
export type WorldInput = v.InferInput<typeof worldSchema>
export type WorldDatabase = World['databases'][number]
export type WorldLoadBalancer = World['loadBalancers'][number]

/** @throws Error that names every offending key */
export function parseWorld(value: unknown, directory: string): World {
  const result = v.safeParse(worldSchema, value)
  if (result.success) return { ...result.output, directory: resolve(directory) }
  const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`)
  throw new Error(`The world is not as the lab expects it:\n${problems.map((problem) => `- ${problem}`).join('\n')}`)
}

/** The file of the example's world, which is taken where none is named. */
export const exampleWorld = fileURLToPath(new URL('../../../docs/examples/finance-hub/lab.yml', import.meta.url))

/** Reads a world file (YAML). */
export async function loadWorld(path: string): Promise<World> {
  try {
    return parseWorld(parse(await readFile(path, 'utf8')), dirname(path))
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** Where a database of the world answers, for `${databases.<identifier>.…}` in task definitions. */
export interface DatabaseAddress {
  readonly address: string
  readonly port: number
  readonly url: string
}
