const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-'

/** Identifiers in the shapes that ECS makes them; seeded, so that a run can be repeated. */
export class Identifiers {
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  /** 32 hexadecimal digits, as a task has. */
  task(): string {
    return this.#pick(32, alphabet.slice(0, 16))
  }

  /** 19 decimal digits, as a deployment (`ecs-svc/…`) and its service revision have. */
  revision(): string {
    return `${this.#pick(1, '123456789')}${this.#pick(18, alphabet.slice(0, 10))}`
  }

  /** 21 characters, as a service deployment has. */
  serviceDeployment(): string {
    return this.#pick(21, alphabet)
  }

  /** `ecs-pause-` and 43 characters. */
  pauseHook(): string {
    return `ecs-pause-${this.#pick(43, alphabet)}`
  }

  uuid(): string {
    const digits = this.task()
    return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
      '-',
    )
  }

  #pick(length: number, from: string): string {
    return Array.from({ length }, () => from[Math.floor(this.#random() * from.length)]).join('')
  }
}
