import { createServer } from 'node:http'

/** What the tests' web containers run. It ends at once on SIGTERM: requests are safe only if none is in flight by then. */
const { PORT, APP_VERSION, HEALTH_STATUS = '200' } = process.env

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://web')
  await new Promise((resolve) => setTimeout(resolve, Number(url.searchParams.get('ms') ?? 0)))
  response.statusCode = url.pathname === '/health' ? Number(HEALTH_STATUS) : 200
  response.end(JSON.stringify({ version: APP_VERSION, pid: process.pid }))
})

process.on('SIGTERM', () => process.exit(0))
if (PORT === undefined) throw new Error('PORT is not set')
server.listen(Number(PORT), () => console.log(`version ${APP_VERSION} listens on ${PORT}`))
