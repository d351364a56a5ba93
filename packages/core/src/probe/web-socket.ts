import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Probing } from './connection.ts'
import { type Answer, exchange, type Head, type HttpRequest } from './exchange.ts'

/** RFC 6455, section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** A masked close frame that says 1000, a normal end, so that servers do not log a lost connection for each probe. */
const CLOSE_FRAME = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8])

/** Opens a WebSocket (RFC 6455, section 4.1), checks that the server means it, and closes it again. */
export async function upgrade(
  socket: Socket,
  request: HttpRequest,
  probing: Probing,
  wantsBody: (head: Head) => Promise<boolean>,
): Promise<Answer> {
  const key = randomBytes(16).toString('base64')
  const headers = {
    ...request.headers,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': key,
  }
  const answer = await exchange(socket, { ...request, headers }, probing, wantsBody)
  if (answer.status !== 101) return answer
  const problem = (what: string): Answer => ({
    ...answer,
    handshakeProblem: `101 with ${what}: whoever answers is not a WebSocket server`,
  })
  const expected = createHash('sha1').update(`${key}${GUID}`).digest('base64')
  const accept = answer.headers['sec-websocket-accept']
  if (accept === undefined) return problem('no Sec-WebSocket-Accept')
  if (accept !== expected) return problem('a Sec-WebSocket-Accept that does not fit its key')
  if (answer.headers.upgrade?.toLowerCase() !== 'websocket') return problem('no Upgrade: websocket')
  socket.write(CLOSE_FRAME)
  return answer
}
