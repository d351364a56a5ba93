/** Everything that happened in a lab, in order: what tests assert on and the rehearsal's report shows. */
export type JournalEntry = RequestEntry | ChangeEntry

export interface RequestEntry {
  readonly kind: 'request'
  readonly sequence: number
  readonly at: Date
  /** `ecs`, `rds`, `logs`, `sts`, `elasticloadbalancing`, `github`, `oidc`. */
  readonly service: string
  /** `RunTask`, or method and route for GitHub: `GET /repos/{owner}/{repo}`. */
  readonly operation: string
  readonly caller: string
  readonly input: unknown
  readonly outcome: RequestOutcome
}

export type RequestOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly output: unknown }
  | { readonly kind: 'error'; readonly status: number; readonly code: string; readonly message: string }
  /** A fault cut the connection; `effect` says whether the operation had taken effect by then. */
  | { readonly kind: 'cut'; readonly effect: boolean }

/** A resource went from one state to another: a task to RUNNING, a snapshot to available. */
export interface ChangeEntry {
  readonly kind: 'change'
  readonly sequence: number
  readonly at: Date
  readonly service: string
  /** ARN or another name that is unique in its service. */
  readonly resource: string
  readonly from: string
  readonly to: string
  readonly detail: string
}

type Unnumbered<E> = E extends JournalEntry ? Omit<E, 'sequence' | 'at'> : never

export class Journal {
  readonly #entries: JournalEntry[] = []

  add(entry: Unnumbered<JournalEntry>): void {
    this.#entries.push({ ...entry, sequence: this.#entries.length + 1, at: new Date() } as JournalEntry)
  }

  /** A resource's change of state. */
  change(service: string, resource: string, from: string, to: string, detail = ''): void {
    this.add({ kind: 'change', service, resource, from, to, detail })
  }

  entries(): readonly JournalEntry[] {
    return this.#entries
  }

  requests(service?: string, operation?: string): readonly RequestEntry[] {
    return this.#entries.filter(
      (entry): entry is RequestEntry =>
        entry.kind === 'request' &&
        (service === undefined || entry.service === service) &&
        (operation === undefined || entry.operation === operation),
    )
  }
}
