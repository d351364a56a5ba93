import { createServer } from 'node:http'

/** What the tests' web containers run: PORT and APP_VERSION come from the lab, the rest says how it shall behave. */
const { PORT, APP_VERSION, HEALTH_STATUS = '200', ON_SIGTERM = 'drain', CRASH_AFTER_MS } = process.env

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://web')
  if (url.pathname === '/health') response.statusCode = Number(HEALTH_STATUS)
  if (url.pathname === '/reset') return request.socket.resetAndDestroy()
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  await new Promise((resolve) => setTimeout(resolve, Number(url.searchParams.get('ms') ?? 0)))
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ version: APP_VERSION, pid: process.pid, body: Buffer.concat(chunks).toString() }))
})

process.on('SIGTERM', () => {
  console.log('SIGTERM')
  if (ON_SIGTERM === 'exit') process.exit(0)
  if (ON_SIGTERM === 'drain') server.close()
})

if (CRASH_AFTER_MS !== undefined) setTimeout(() => process.exit(3), Number(CRASH_AFTER_MS))
if (PORT === undefined) throw new Error('PORT is not set')
server.listen(Number(PORT), () => console.log(`version ${APP_VERSION} listens on ${PORT}`))
