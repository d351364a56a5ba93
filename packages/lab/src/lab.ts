import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { createGitHub, type GitHub } from './github/github.ts'
import { Journal } from './journal.ts'
import { LabClock } from './lab-clock.ts'
import { labEnvironment } from './lab-environment.ts'
import { createLabServices } from './lab-services.ts'
import { ProcessKeeper } from './process-keeper.ts'
import { reachableTemporaryFolder } from './rds/postgres/binaries.ts'
import { seededRandom } from './seeded-random.ts'
import { Callers, type Credentials } from './server/callers.ts'
import { type Fault, Faults } from './server/faults.ts'
import { createLabRoutes, type Happenings } from './server/lab-routes.ts'
import { Policies } from './server/policies.ts'
import { startServer } from './server/server.ts'
import { ecsBuckets, Throttle } from './server/throttle.ts'
import type { Service } from './service.ts'
import type { JobClaims } from './sts/id-tokens.ts'
import { createOidcEndpoint } from './sts/oidc-endpoint.ts'
import { loadWorld, type World } from './world.ts'

export interface LabOptions {
  /** A world file, or what parseWorld made of one. */
  readonly world: string | World
  /** Default: a free one. */
  readonly port?: number
  /** Real seconds for one AWS second; default 0.01: what takes 30 s there takes 300 ms here. */
  readonly timeScale?: number
  /** The same seed makes the same identifiers and the same faults; default 1. */
  readonly seed?: number
  /** AWS's documented request rates; default on. */
  readonly throttling?: boolean
  readonly faults?: readonly Fault[]
  /** Role sessions end after this many real seconds even if more were asked for. */
  readonly sessionLimitSeconds?: number
  /** `owner/name` of the repository that GitHub has and whose workflow asks for OIDC tokens; default `org/finance-hub`. */
  readonly repository?: string
}

export interface Lab extends AsyncDisposable {
  readonly url: string
  /** The variables that a client needs: endpoints, region, keys and the names in the world. */
  readonly environment: Readonly<Record<string, string>>
  /** What the repository's configuration variables (`vars`) are in this world. */
  readonly variables: Readonly<Record<string, string>>
  readonly journal: Journal
  readonly faults: Faults
  readonly policies: Policies
  readonly github: GitHub
  /** What happens without a request; for tests in another process there are routes below `/_lab` (createLabRoutes). */
  readonly ecs: Happenings['ecs']
  readonly rds: Happenings['rds']
  /** @throws Error when the world has no load balancer of this name */
  serviceUrl(loadBalancer: string): string
  /** Ends everything that the lab has started and removes its data; the same as disposing it. */
  close(): Promise<void>
}

/**
 * Starts everything in a world; when it resolves, its databases are available and its services steady.
 * @throws Error when the world is not valid, the port is taken or a service does not become steady; nothing is left then
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  if (process.platform === 'win32')
    throw new Error('The lab needs process groups and signals, which Windows does not have. Run it in WSL.')
  const world = typeof options.world === 'string' ? await loadWorld(options.world) : options.world
  await using started = new AsyncDisposableStack()
  const dataDirectory = await mkdtemp(join(await reachableTemporaryFolder(), 'deploy-kit-lab-'))
  const keeper = started.use(new ProcessKeeper(dataDirectory))
  // A PostgreSQL server refuses to run as root; its own user has to reach its folder.
  await chmod(dataDirectory, 0o711)

  const clock = started.adopt(new LabClock(options.timeScale ?? 0.01), (clock) => clock.close())
  const journal = new Journal()
  const random = seededRandom(options.seed ?? 1)
  const { user, callers, policies } = createAccess(world)
  const faults = new Faults(seededRandom((options.seed ?? 1) + 1), options.faults)

  const repository = options.repository ?? 'org/finance-hub'
  const github = createGitHub({ directory: join(dataDirectory, 'github'), repositoryIds: world.repositoryIds })
  const { idTokens } = github
  const oidc = { prefix: '/oidc', requestToken: idTokens.permit(pushToMain(repository)) }
  const githubToken = await createRepository(github, repository)
  const throttle = new Throttle(options.throttling === false ? [] : ecsBuckets)
  let happenings: Happenings | undefined
  const routes = [
    createOidcEndpoint({ prefix: oidc.prefix, idTokens, validSeconds: 300 }),
    createLabRoutes({ journal, faults, policies, happenings: () => happenings }),
    github.route,
  ]
  const limits = { journal, callers, policies, faults, throttle }
  // The server comes first, so that a port that is taken is noticed before anything is started.
  const services: Service[] = []
  const server = started.use(await startServer({ services, routes, ...limits, port: options.port ?? 0 }))
  const { accountId, region } = world
  const created = await createLabServices(
    { accountId, region, clock, journal, dataDirectory, random },
    { world, keeper, callers, policies, started, sessionLimitSeconds: options.sessionLimitSeconds },
  )
  services.push(...created.services)
  happenings = created

  const running = started.move()
  const close = () => running.disposeAsync()
  return {
    url: server.url,
    environment: labEnvironment({
      world,
      user,
      oidc,
      github: { repository, token: githubToken },
      url: server.url,
      ...created,
    }),
    variables: created.variables,
    journal,
    faults,
    policies,
    github,
    ecs: created.ecs,
    rds: created.rds,
    serviceUrl(loadBalancer) {
      const url = created.loadBalancerUrls.get(loadBalancer)
      if (url === undefined) throw new Error(`The world has no load balancer ${loadBalancer}`)
      return url
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The job whose OIDC tokens are those of the lab's own environment. */
function pushToMain(repository: string): JobClaims {
  const actor = 'lab'
  return { repository, repository_owner: repository.split('/')[0], ref: 'refs/heads/main', event_name: 'push', actor }
}

/** The repository with a first commit, and a token that may do everything in it. */
async function createRepository(github: GitHub, fullName: string): Promise<string> {
  const repository = await github.createRepository(fullName)
  await repository.commit(repository.defaultBranch, { 'README.md': `# ${fullName}\n` })
  return github.tokens.create('lab', { contents: 'write', issues: 'write', pull_requests: 'write', actions: 'write' })
}

interface Access {
  readonly user: Credentials
  readonly callers: Callers
  readonly policies: Policies
}

function createAccess(world: World): Access {
  const user = createUser(world.accountId)
  const callers = new Callers()
  callers.add(user)
  const policies = new Policies()
  for (const { arn, policy, trustPolicy } of world.roles) {
    if (policy !== undefined) policies.put(arn, policy)
    if (trustPolicy !== undefined) policies.putTrust(arn, trustPolicy)
  }
  return { user, callers, policies }
}

/** The user whose keys the lab prints; without a policy it may do everything. */
function createUser(accountId: string): Credentials {
  return {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    arn: `arn:aws:iam::${accountId}:user/lab`,
  }
}
