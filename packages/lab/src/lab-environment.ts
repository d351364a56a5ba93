import { GITHUB_PREFIX } from './github/github.ts'
import type { Credentials } from './server/callers.ts'
import type { World } from './world.ts'

export interface LabEnvironmentParts {
  readonly world: World
  readonly url: string
  readonly user: Credentials
  readonly oidc: { readonly prefix: string; readonly requestToken: string }
  readonly github: { readonly repository: string; readonly token: string }
  readonly loadBalancerUrls: ReadonlyMap<string, string>
  readonly databaseUrls: ReadonlyMap<string, string>
}

/** The variables that clients of the lab need. LAB_… name the first cluster, service, balancer and database there is. */
export function labEnvironment(parts: LabEnvironmentParts): Readonly<Record<string, string>> {
  const { world, url, user, oidc } = parts
  const [cluster] = world.clusters
  const [database] = world.databases
  const variables = {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: world.region,
    AWS_DEFAULT_REGION: world.region,
    AWS_ACCESS_KEY_ID: user.accessKeyId,
    AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
    // The runner appends `&audience=…`, so the URL needs a query to begin with.
    ACTIONS_ID_TOKEN_REQUEST_URL: `${url}${oidc.prefix}/token?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidc.requestToken,
    GITHUB_API_URL: `${url}${GITHUB_PREFIX}`,
    GITHUB_REPOSITORY: parts.github.repository,
    GITHUB_TOKEN: parts.github.token,
    LAB_ROLE_ARN: world.roles[0]?.arn,
    LAB_SERVICE_URL: [...parts.loadBalancerUrls.values()][0],
    LAB_CLUSTER: cluster?.clusterName,
    LAB_SERVICE: cluster?.services[0]?.serviceName,
    LAB_DB_INSTANCE: database?.identifier,
    LAB_DATABASE_URL: database && parts.databaseUrls.get(database.identifier),
  }
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}
