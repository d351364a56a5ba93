import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { forward, forwardUpgrade, refuse } from './forwarding.ts'
import { ListenerRule } from './listener-rule.ts'
import type { TargetGroup } from './target-group.ts'

/** A real HTTP listener on loopback, with the rule that says where its requests go. */
export interface Listener {
  readonly kind: 'production' | 'test'
  readonly rule: ListenerRule
  readonly port: number
}

/**
 * An application load balancer with one listener and one target group; with a second target group it has a listener
 * for test traffic too. (Required resources for Amazon ECS blue/green deployments)
 */
export class LoadBalancer {
  readonly name: string
  readonly arn: string
  readonly group: TargetGroup
  readonly alternate: TargetGroup | undefined
  readonly createdAt = new Date()
  readonly #listeners: { readonly kind: Listener['kind']; readonly rule: ListenerRule; readonly server: Server }[] = []
  readonly #upgraded = new Set<Socket>()

  private constructor(name: string, group: TargetGroup, alternate: TargetGroup | undefined) {
    const suffix = createHash('sha256').update(`loadbalancer ${name}`).digest('hex').slice(0, 16)
    this.name = name
    this.arn = group.arn.replace(/:targetgroup\/.*/, `:loadbalancer/app/${name}/${suffix}`)
    this.group = group
    this.alternate = alternate
  }

  /** Listens on free ports. */
  static async start(name: string, group: TargetGroup, alternate?: TargetGroup): Promise<LoadBalancer> {
    const balancer = new LoadBalancer(name, group, alternate)
    await balancer.#listen('production')
    if (alternate !== undefined) await balancer.#listen('test')
    return balancer
  }

  get groups(): readonly TargetGroup[] {
    return this.alternate === undefined ? [this.group] : [this.group, this.alternate]
  }

  /** The one for production traffic first. */
  get listeners(): readonly Listener[] {
    return this.#listeners.map(({ kind, rule, server }) => ({ kind, rule, port: portOf(server) }))
  }

  get port(): number {
    return portOf(this.#listeners[0]!.server)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Where test traffic goes; undefined without an alternate target group. */
  get testUrl(): string | undefined {
    const test = this.listeners.find(({ kind }) => kind === 'test')
    return test && `http://127.0.0.1:${test.port}`
  }

  /** Cuts every connection. */
  async close(): Promise<void> {
    for (const group of this.groups) group.close()
    const closed = this.#listeners.map(({ server }) => new Promise((resolve) => server.close(resolve)))
    for (const { server } of this.#listeners) server.closeAllConnections()
    for (const socket of this.#upgraded) socket.destroy()
    await Promise.all(closed)
  }

  async #listen(kind: Listener['kind']): Promise<void> {
    const others = this.alternate === undefined ? [] : [{ group: this.alternate, weight: 0 }]
    const rule = new ListenerRule(this.arn, kind, [{ group: this.group, weight: 100 }, ...others])
    const server = createServer({ keepAliveTimeout: 60_000 })
    server.on('request', (incoming, outgoing) => {
      const target = rule.next()
      if (target === undefined) refuse(outgoing, 503, 'Service Temporarily Unavailable')
      else forward(incoming, outgoing, target)
    })
    server.on('upgrade', (incoming, socket: Socket, head) => {
      this.#upgraded.add(socket)
      socket.on('close', () => this.#upgraded.delete(socket))
      const target = rule.next()
      if (target === undefined) socket.end('HTTP/1.1 503 Service Temporarily Unavailable\r\nconnection: close\r\n\r\n')
      else forwardUpgrade(incoming, socket, head, target)
    })
    this.#listeners.push({ kind, rule, server })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
