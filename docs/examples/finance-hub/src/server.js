import { createServer } from 'node:http'
import pg from 'pg'

const version = process.env.APP_VERSION ?? 'unknown'
const database = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 5, connectionTimeoutMillis: 2000 })
// An idle connection that breaks is replaced with the next query; without a listener it would end the process.
database.on('error', (error) => console.error(`database: ${error.message}`))

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://finance-hub')
  try {
    if (pathname === '/health') await answerHealth(response)
    else if (pathname === '/ready') answer(response, 200, { status: 'ready', version })
    else if (pathname === '/') await answerBalances(response)
    else answer(response, 404, { message: `There is no ${pathname}` })
  } catch (error) {
    console.error(`${request.method} ${pathname}: ${error.message}`)
    answer(response, 500, { message: error.message })
  }
})

/** What the deployment's health check asks: this version answers, and it reaches its database. */
async function answerHealth(response) {
  const state = await databaseState()
  // HEALTH_STATUS makes this version one that starts and then is not healthy, for the rehearsal.
  const status = Number(process.env.HEALTH_STATUS ?? (state === 'UP' ? 200 : 503))
  answer(response, status, { status: status < 400 ? 'UP' : 'DOWN', version, database: state })
}

async function databaseState() {
  try {
    await database.query('SELECT 1')
    return 'UP'
  } catch (error) {
    console.error(`health: the database does not answer: ${error.message}`)
    return 'DOWN'
  }
}

async function answerBalances(response) {
  const { rows } = await database.query(
    `SELECT name, currency, balance_cents AS "balanceCents" FROM accounts ORDER BY name`,
  )
  answer(response, 200, { version, accounts: rows })
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}

/** The load balancer has stopped sending requests by now; those in flight are finished. */
function stop(signal) {
  console.log(`${signal}: finishing the requests in flight`)
  server.close(async () => {
    await database.end()
    console.log('stopped')
  })
  server.closeIdleConnections()
}

process.once('SIGTERM', stop)
process.once('SIGINT', stop)

const port = Number(process.env.PORT ?? 8080)
server.listen(port, () => console.log(`finance-hub ${version} listens on port ${port}`))
