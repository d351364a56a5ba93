import { shortName } from './names.ts'

/** A service as an input names it: by its name, or by its ARN, which says its cluster as well. */
export interface ServiceReference {
  readonly service: string
  readonly cluster?: string
}

const NAME = /^[\w-]{1,255}$/
/** Older ARNs have no cluster in them ("Amazon Resource Names (ARNs) and IDs", ECS Developer Guide). */
const ARN = /^arn:aws[\w-]*:ecs:[a-z0-9-]+:\d{12}:service\/(?:(?<cluster>[\w-]{1,255})\/)?(?<service>[\w-]{1,255})$/

/** @throws {RangeError} when it is neither a name nor an ARN */
export function parseServiceReference(given: string): ServiceReference {
  if (NAME.test(given)) return { service: given }
  const { service, cluster } = ARN.exec(given)?.groups ?? {}
  if (service === undefined) {
    throw new RangeError(
      `'${given}' cannot be the name of a service; it has up to 255 letters, digits, _ and -; its ARN will do, too`,
    )
  }
  return cluster === undefined ? { service } : { service, cluster }
}

/**
 * What is wrong with the services of a step that has one cluster: some are in another, or are given twice.
 *
 * @param cluster name or ARN; undefined when it is not known
 */
export function findServiceConflicts(services: readonly ServiceReference[], cluster: string | undefined): string[] {
  const names = services.map(({ service }) => service)
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  const elsewhere = services.filter(
    (one) => cluster !== undefined && (one.cluster ?? shortName(cluster)) !== shortName(cluster),
  )
  return [
    ...[...twice].map((name) => `'${name}' is given twice`),
    ...elsewhere.map(
      (one) =>
        `${one.service} is in the cluster ${one.cluster}, not in ${shortName(cluster)}; use one step for each cluster`,
    ),
  ]
}
