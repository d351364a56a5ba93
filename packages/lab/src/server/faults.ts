import * as v from 'valibot'

const faultSchema = v.pipe(
  v.strictObject({
    /** `ecs`, `rds`, `logs`, `sts`, `elasticloadbalancing`, `oidc`, `github`; default any. */
    service: v.optional(v.string()),
    /** `RunTask`, or the method and route of a GitHub request; default any. */
    operation: v.optional(v.string()),
    /** Only the n-th matching request, counted from 1 since the fault was added. */
    call: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    /** From 0 to 1, decided with the lab's seed. */
    probability: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
    /**
     * `resetBefore` and `noAnswer` do not let the operation take effect; `resetAfter` and `slow` do.
     * `slow` answers `ms` later.
     */
    kind: v.picklist(['throttle', 'serverError', 'resetBefore', 'resetAfter', 'noAnswer', 'slow']),
    ms: v.optional(v.pipe(v.number(), v.minValue(0))),
  }),
  v.check((fault) => (fault.kind === 'slow') === (fault.ms !== undefined), 'ms belongs to slow, which needs it'),
)

export type Fault = v.InferInput<typeof faultSchema>

/** What goes wrong, on which request. */
export class Faults {
  readonly #random: () => number
  #planned: { readonly fault: Fault; matched: number }[] = []

  /** @param random seeded, so that a run with the same seed fails the same way */
  constructor(random: () => number = Math.random, faults: readonly Fault[] = []) {
    this.#random = random
    for (const fault of faults) this.add(fault)
  }

  /** @throws Error when the fault is not one that the lab can make */
  add(fault: Fault): void {
    const result = v.safeParse(faultSchema, fault)
    if (!result.success) {
      const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'the fault'}: ${issue.message}`)
      throw new Error(`Not a fault that the lab can make: ${problems.join('; ')}`)
    }
    this.#planned.push({ fault: result.output, matched: 0 })
  }

  clear(): void {
    this.#planned = []
  }

  planned(): readonly Fault[] {
    return this.#planned.map(({ fault }) => fault)
  }

  /** The fault that hits this request: the first that was added and applies. */
  next(service: string, operation: string): Fault | undefined {
    let hit: Fault | undefined
    for (const planned of this.#planned) {
      const { fault } = planned
      if ((fault.service ?? service) !== service || (fault.operation ?? operation) !== operation) continue
      planned.matched += 1
      if (fault.call !== undefined && fault.call !== planned.matched) continue
      if (fault.probability !== undefined && this.#random() >= fault.probability) continue
      hit ??= fault
    }
    return hit
  }
}
