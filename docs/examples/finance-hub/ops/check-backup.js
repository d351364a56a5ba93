// Is there a backup that can be gone back to? Asks AWS, not the job that made it.
//
//   aws rds describe-db-snapshots … --output json | node ops/check-backup.js <database> <hours>
//
// Fails, and opens an issue unless one is open already, when the newest snapshot of ours that is available is older.
import { text } from 'node:stream/consumers'

const LABEL = 'backup'
const [database, hours] = process.argv.slice(2)
const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, GITHUB_SERVER_URL, GITHUB_RUN_ID } = process.env

const problem = findProblem(await text(process.stdin))
if (problem) {
  console.error(`::error title=Backup of ${database}::${problem}`)
  await openIssue(problem)
  process.exitCode = 1
}

function findProblem(listed) {
  // The AWS CLI has said above why it printed nothing.
  if (listed.trim() === '') return 'The snapshots could not be listed.'
  const ours = JSON.parse(listed).DBSnapshots.filter(({ TagList = [] }) =>
    TagList.some(({ Key, Value }) => Key === 'deploy-kit:action' && Value === 'rds-snapshot'),
  )
  const [newest] = ours
    .filter(({ Status }) => Status === 'available')
    .sort((a, b) => Date.parse(b.SnapshotCreateTime) - Date.parse(a.SnapshotCreateTime))
  if (!newest) return `None of the ${ours.length} snapshots of ours is available.`
  const ageHours = (Date.now() - Date.parse(newest.SnapshotCreateTime)) / 3_600_000
  const said = `${newest.DBSnapshotIdentifier} is available and ${ageHours.toFixed(1)} hours old`
  if (ageHours > Number(hours)) return `The newest backup is too old: ${said}, and ${hours} are allowed.`
  console.log(`${said}; ${ours.length} are kept.`)
}

async function openIssue(problem) {
  const issues = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/issues`
  const open = await request('GET', `${issues}?state=open&labels=${LABEL}`)
  if (open.length > 0) return console.log(`Issue ${open[0].number} is open already.`)
  const run = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`
  const body = `${problem}\n\nFound by ${run}. How to get back from a snapshot, and what to do when there is none: the page on restoring.`
  const { number } = await request('POST', issues, { title: `No fresh backup of ${database}`, body, labels: [LABEL] })
  console.log(`Opened issue ${number}.`)
}

async function request(method, url, body) {
  const headers = { authorization: `Bearer ${GITHUB_TOKEN}`, accept: 'application/vnd.github+json' }
  const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  if (!answer.ok) throw new Error(`${method} ${url} was answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}
