import { appendFileSync } from 'node:fs'
const greeting = `Hello ${process.env.INPUT_WHO}`
console.log(greeting)
appendFileSync(process.env.GITHUB_OUTPUT, `greeting=${greeting}\n`)
