/** A token bucket that several operations share. */
export interface ThrottleBucket {
  readonly service: string
  readonly operations: readonly string[]
  readonly burst: number
  readonly perSecond: number
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html */
export const ecsBuckets: readonly ThrottleBucket[] = [
  { service: 'ecs', operations: ['RegisterTaskDefinition', 'DeregisterTaskDefinition'], burst: 20, perSecond: 1 },
  { service: 'ecs', operations: ['RunTask', 'StopTask'], burst: 100, perSecond: 40 },
  { service: 'ecs', operations: ['DescribeTasks', 'ListTasks'], burst: 100, perSecond: 20 },
  { service: 'ecs', operations: ['CreateService', 'UpdateService', 'DeleteService'], burst: 50, perSecond: 5 },
  { service: 'ecs', operations: ['DescribeServices'], burst: 100, perSecond: 20 },
  {
    service: 'ecs',
    operations: ['DescribeServiceDeployments', 'ListServiceDeployments', 'DescribeServiceRevisions'],
    burst: 50,
    perSecond: 20,
  },
]

/** Request rates in real time: they bound what a client sends, which no scaled clock slows down. */
export class Throttle {
  readonly #buckets: readonly { readonly limit: ThrottleBucket; tokens: number; filledAt: number }[]

  readonly #nowMs: () => number

  constructor(buckets: readonly ThrottleBucket[], nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
    this.#buckets = buckets.map((limit) => ({ limit, tokens: limit.burst, filledAt: nowMs() }))
  }

  static off(): Throttle {
    return new Throttle([])
  }

  /** False when the request exceeds the rate of its bucket. */
  take(service: string, operation: string): boolean {
    const bucket = this.#buckets.find(({ limit }) => limit.service === service && limit.operations.includes(operation))
    if (bucket === undefined) return true
    const now = this.#nowMs()
    const refilled = bucket.tokens + ((now - bucket.filledAt) / 1000) * bucket.limit.perSecond
    bucket.tokens = Math.min(bucket.limit.burst, refilled)
    bucket.filledAt = now
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }
}
