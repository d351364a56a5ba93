import { dirname } from 'node:path'
import type { Container, Launch } from './container.ts'
import type { LaunchType } from './launch-settings.ts'
import type { ContainerOverride } from './task-overrides.ts'
import type { Pulled } from './task-start.ts'

/** `sh` and the like; `node` is the one that the lab runs on. */
const searchPath = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':')

/**
 * What a container runs: its image, the definition and the override, each winning over the one before; nothing of the
 * lab's own environment. `entryPoint` and `command` go together as Docker's do: the image's command is used only when
 * neither is given.
 */
export function planLaunch(
  container: Container,
  { image, secrets }: Pulled,
  override: ContainerOverride | undefined,
  place: { readonly region: string; readonly launchType: LaunchType },
): Launch {
  const { entryPoint = [], command, environment = [] } = container.definition
  const own = override?.command ?? command
  return {
    command: [...entryPoint, ...(own ?? (entryPoint.length > 0 ? [] : image.command))],
    directory: image.directory,
    environment: {
      PATH: searchPath,
      AWS_EXECUTION_ENV: `AWS_ECS_${place.launchType}`,
      AWS_REGION: place.region,
      AWS_DEFAULT_REGION: place.region,
      ...(container.port === undefined ? {} : { PORT: String(container.port) }),
      ...image.environment,
      ...pairs(environment),
      ...secrets,
      ...pairs(override?.environment ?? []),
    },
  }
}

function pairs(list: readonly { readonly name?: string | undefined; readonly value?: string | undefined }[]) {
  return Object.fromEntries(list.map(({ name = '', value = '' }) => [name, value]))
}
