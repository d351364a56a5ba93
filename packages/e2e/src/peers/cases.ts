import type { IncomingMessage, ServerResponse } from 'node:http'
import { startHttp } from '@deploy-kit/core/testing/test-server'
import { createSelfSigned, createTlsAuthority } from '@deploy-kit/core/testing/tls-authority'

/** A target on which health checks are known to go wrong, and what the right verdict is. */
export interface PeerCase {
  readonly name: string
  readonly right: 'pass' | 'fail'
  /** What was measured with the tools that people use today, each with its own published bundle on Node 24. */
  readonly recorded: string
  readonly start: () => Promise<AsyncDisposable & { readonly url: string }>
  /** For health-check, beside its defaults. */
  readonly inputs?: Readonly<Record<string, string>>
  /** Milliseconds that both are given; 5 s where nothing else is said. */
  readonly budgetMs?: number
  /** False where wait-on has nothing that could be compared. */
  readonly comparable?: boolean
}

type Answer = (request: IncomingMessage, response: ServerResponse, number: number) => void

const serve = (answer: Answer) => () => startHttp(answer)

/** Answers with a status for the first requests, and with 200 after them. */
const after = (count: number, first: Answer): Answer => {
  return (request, response, number) => (number <= count ? first(request, response, number) : response.end('ok'))
}

const status = (code: number): Answer => {
  return (_, response) => response.writeHead(code).end()
}

const json = (body: string) => serve((_, response) => response.end(body))

export const PEER_CASES: readonly PeerCase[] = [
  {
    name: 'the target takes turns between 200 and 503',
    right: 'fail',
    recorded: 'all eight tried pass on the first 200',
    start: serve((_, response, number) => response.writeHead(number % 2 === 0 ? 503 : 200).end()),
    inputs: { interval: '500ms' },
  },
  {
    name: 'the target never answers; 5 s are given',
    right: 'fail',
    recorded: 'four still hang after 45 s, one for 180 s',
    start: serve(() => undefined),
  },
  {
    name: 'the first request hangs, later ones answer',
    right: 'pass',
    recorded: 'five of eight never recover',
    start: serve(after(1, () => undefined)),
    budgetMs: 20_000,
  },
  {
    name: '302 to a login page that says 200',
    right: 'fail',
    recorded: 'six pass',
    start: serve((request, response) => {
      if (request.url === '/login') response.end('please log in')
      else response.writeHead(302, { location: '/login' }).end()
    }),
  },
  {
    name: 'HEAD is answered 405',
    right: 'pass',
    recorded: 'two fail, because they only send HEAD',
    start: serve((request, response) => response.writeHead(request.method === 'HEAD' ? 405 : 200).end()),
  },
  {
    name: 'two connection resets before 200',
    right: 'pass',
    recorded: 'one fails within 70 ms',
    start: serve(after(2, (request) => request.socket.resetAndDestroy())),
    budgetMs: 15_000,
  },
  {
    name: 'two 404s before 200',
    right: 'pass',
    recorded: 'one fails within 70 ms',
    start: serve(after(2, status(404))),
    budgetMs: 15_000,
  },
  {
    name: 'the certificate is self-signed',
    right: 'fail',
    recorded: 'two pass: they do not verify TLS by default',
    start: async () => startHttp((_, response) => response.end(), { tls: await createSelfSigned(['127.0.0.1']) }),
  },
  {
    name: 'the certificate has expired',
    right: 'fail',
    recorded: 'two pass: they do not verify TLS by default',
    start: async () => {
      const authority = await createTlsAuthority()
      const tls = await authority.issue(['127.0.0.1'], { from: -60, to: -1 })
      return await startHttp((_, response) => response.end(), { tls })
    },
  },
  {
    name: '`timeout: 20s`, and the target is ready after 2 s',
    right: 'pass',
    recorded: 'one reads it as 20 milliseconds',
    start: async () => {
      const readyAt = Date.now() + 2000
      return await startHttp((_, response) => response.writeHead(Date.now() < readyAt ? 503 : 200).end())
    },
    budgetMs: 20_000,
  },
  {
    name: 'the body holds `::error::`, and the target fails',
    right: 'fail',
    recorded: 'a body printed raw to the log is a workflow command',
    start: serve((_, response) => response.writeHead(500).end('::error::injected')),
    comparable: false,
  },
  ...(
    [
      ['a missing key: `[BODY].missing < 5`', '[BODY].missing < 5', 'true in Gatus'],
      ['a float: `[BODY].float == 1` of 1.9', '[BODY].float == 1', 'true in Gatus, which truncates floats'],
      [
        'a large integer: `[BODY].id == 12345678901` of 12345678902',
        '[BODY].id == 12345678901',
        'compared as 1.23e+10 in Gatus',
      ],
      [
        '`[CERTIFICATE_EXPIRATION] < 7d` over http',
        '[CERTIFICATE_EXPIRATION] < 7d',
        'it is 0 in Gatus, so the comparison holds',
      ],
    ] as const
  ).map(([name, conditions, recorded]) => ({
    name,
    right: 'fail' as const,
    recorded,
    start: json('{"float": 1.9, "id": 12345678902}'),
    inputs: { conditions, 'max-attempts': '3', interval: '100ms' },
    comparable: false,
  })),
]
