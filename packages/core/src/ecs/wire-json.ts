import type {
  $Command,
  ECSClient,
  ECSClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-ecs'

export type JsonObject = Readonly<Record<string, unknown>>

type Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = $Command<
  I,
  O,
  ECSClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>

/**
 * Sends a command and returns the answer's JSON as it stood on the wire. The SDK's own output lacks every member that
 * its version does not know, and says nothing about it.
 */
export async function sendForJson<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
  client: ECSClient,
  command: Command<I, O>,
  signal: AbortSignal,
): Promise<JsonObject> {
  let body: JsonObject = {}
  // The lowest priority of the step is next to the wire: it sees the response before the SDK's deserialiser.
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const response = result.response as { statusCode: number; body: AsyncIterable<Uint8Array> | Uint8Array }
      if (response.statusCode >= 300) return result
      const bytes = await collect(response.body)
      response.body = bytes
      const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes))
      if (typeof parsed === 'object' && parsed !== null) body = parsed as JsonObject
      return result
    },
    { name: 'keepWireJson', step: 'deserialize', priority: 'low' },
  )
  await client.send(command, { abortSignal: signal })
  return body
}

/**
 * Sends a command with `body` as its JSON, whatever the SDK made of the command's own input: members that it does not
 * know are sent, too. Signing comes later, so that the signature covers `body`.
 */
export function sendJson<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
  client: ECSClient,
  command: Command<I, O>,
  body: JsonObject,
  signal: AbortSignal,
): Promise<JsonObject> {
  command.middlewareStack.add(
    (next) => async (args) => {
      ;(args.request as { body: string }).body = JSON.stringify(body)
      return next(args)
    },
    { name: 'sendWireJson', step: 'build', priority: 'high' },
  )
  return sendForJson(client, command, signal)
}

async function collect(body: AsyncIterable<Uint8Array> | Uint8Array): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
