import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { forward, forwardUpgrade, refuse } from './forwarding.ts'
import type { TargetGroup } from './target-group.ts'

/** An application load balancer: one real HTTP listener on loopback that forwards to one target group. */
export class LoadBalancer {
  readonly name: string
  readonly arn: string
  readonly group: TargetGroup
  readonly createdAt = new Date()
  readonly #server: Server
  readonly #upgraded = new Set<Socket>()

  private constructor(name: string, group: TargetGroup, server: Server) {
    const suffix = createHash('sha256').update(`loadbalancer ${name}`).digest('hex').slice(0, 16)
    this.name = name
    this.arn = group.arn.replace(/:targetgroup\/.*/, `:loadbalancer/app/${name}/${suffix}`)
    this.group = group
    this.#server = server
  }

  /** Listens on a free port. */
  static async start(name: string, group: TargetGroup): Promise<LoadBalancer> {
    const server = createServer({ keepAliveTimeout: 60_000 })
    const balancer = new LoadBalancer(name, group, server)
    server.on('request', (incoming, outgoing) => {
      const target = group.next()
      if (target === undefined) refuse(outgoing, 503, 'Service Temporarily Unavailable')
      else forward(incoming, outgoing, target)
    })
    server.on('upgrade', (incoming, socket: Socket, head) => {
      balancer.#upgraded.add(socket)
      socket.on('close', () => balancer.#upgraded.delete(socket))
      const target = group.next()
      if (target === undefined) socket.end('HTTP/1.1 503 Service Temporarily Unavailable\r\nconnection: close\r\n\r\n')
      else forwardUpgrade(incoming, socket, head, target)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return balancer
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Cuts every connection. */
  async close(): Promise<void> {
    this.group.close()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    for (const socket of this.#upgraded) socket.destroy()
    await closed
  }
}
