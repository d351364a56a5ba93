import type { IncomingMessage, ServerResponse } from 'node:http'
import { startHttp } from '@deploy-kit/core/testing/test-server'
import { describe, expect, test } from 'vitest'
import { check, checkOnce } from './testing/checked.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, number: number) => void

function status(code: number, headers: Record<string, string> = {}, body = ''): Answer {
  return (_, response) => {
    response.writeHead(code, headers)
    response.end(body)
  }
}

describe('what to look at next', () => {
  test.each<[string, Answer, Record<string, string>, string]>([
    [
      'a redirect to another host',
      status(302, { location: 'https://login.example.com/' }),
      {},
      'A redirect to a login page means',
    ],
    ['401', status(401, { 'www-authenticate': 'Bearer' }), {}, 'The request is refused: give bearer-token'],
    ['403', status(403, { server: 'cloudflare' }), {}, 'A CDN or firewall may refuse runners'],
    ['404', status(404), {}, 'check the path and the host name'],
    ['405', status(405), {}, 'set method'],
    ['503 that asks to wait', status(503, { 'retry-after': '0' }), {}, 'It asked to wait (Retry-After: 0)'],
    ['429', status(429, { 'retry-after': '0' }), {}, 'It asked to wait (Retry-After: 0)'],
    ['500', status(500), {}, 'The application itself fails'],
    ['502', status(502), {}, 'has no healthy backend behind it'],
    ['503', status(503), {}, 'has no healthy backend behind it'],
    ['504', status(504), {}, 'has no healthy backend behind it'],
    [
      'an old version',
      status(200, {}, '{"version": "1"}'),
      { 'expected-version': '2' },
      'whether the deployment has finished or was rolled back',
    ],
    [
      'an old version from a cache',
      status(200, { age: '30' }, '{"version": "1"}'),
      { 'expected-version': '2' },
      'A cache may still hold the old answer',
    ],
    ['an empty answer', status(200), { 'expected-body': 'ok' }, 'The answer is empty'],
    [
      'HTML instead of JSON',
      status(200, { 'content-type': 'text/html' }, '<!doctype html>'),
      { conditions: '[BODY].ok == true' },
      'A web page answers',
    ],
    ['another body', status(200, {}, 'no'), { 'expected-body': 'ok' }, 'Compare the body below'],
    [
      'a slow answer',
      (_, response) => setTimeout(() => response.end(), 30),
      { 'max-response-time': '5ms' },
      'It works, too slowly',
    ],
    ['no answer', () => undefined, { 'request-timeout': '50ms' }, 'look at what the health endpoint waits for'],
  ])('after %s', async (_, answer, inputs, advice) => {
    await using server = await startHttp(answer)
    const run = await checkOnce(server.url, inputs)
    expect(run.exitCode).toBe(1)
    expect(run.text).toContain('Look at next: ')
    expect(run.text).toContain(advice)
    expect(run.summary).toContain('**Look at next:**')
  })
})

describe('the diagnosis', () => {
  test('says what was tried, where it failed, who answered and with what', async () => {
    await using server = await startHttp(status(503, { server: 'nginx', 'retry-after': '0' }, 'line one\nline two\n'))
    const run = await check(server.url, { 'max-attempts': '3' })
    const start = run.log.findIndex((line) => line.startsWith('::group::Diagnosis of'))
    const shown = run.log.slice(start).map((line) => line.replaceAll(/\d+ms|[0-9a-f-]{36}|\w{3}, \d\d .* GMT/g, '…'))
    expect(shown).toEqual([
      `::group::Diagnosis of ${server.url}`,
      'Tried: 3 times in …; 0 as expected, 0 in a row at the end',
      'Last failure: attempt 3: 503 Service Unavailable, expected 200-299',
      'Failed in: the complete answer, judged against what is expected',
      `Address: 127.0.0.1:${server.port}`,
      expect.stringMatching(/^Time: connect …, first byte …, in all …$/),
      'Last answer: 503 Service Unavailable',
      'Headers: retry-after: 0; server: nginx; date: …',
      'Attempts, oldest first: ✗✗✗',
      '::endgroup::',
      'The last body begins with:',
      '::stop-commands::…',
      'line one',
      'line two',
      '::…::',
      expect.stringMatching(/^Look at next: A proxy or load balancer answers/),
    ])
  })

  test('prints a body so that nothing in it is a workflow command or Markdown', async () => {
    const body = '::error::owned\n##[add-path]/tmp\n```\n<img src=x>\n\u001b[31mred'
    await using server = await startHttp(status(500, {}, body))
    const run = await checkOnce(server.url)
    const stopped = run.log.findIndex((line) => line.startsWith('::stop-commands::'))
    const command = run.log.indexOf('::error::owned')
    const resumed = run.log.indexOf(`::${run.log[stopped]?.slice('::stop-commands::'.length)}::`)
    expect(stopped).toBeGreaterThan(0)
    expect(command).toBeGreaterThan(stopped)
    expect(resumed).toBeGreaterThan(command)
    expect(run.text).not.toContain('\u001b')
    expect(run.summary).toContain('````\n::error::owned')
  })

  test('shows ten lines of a long body, and no line without end', async () => {
    await using server = await startHttp(status(500, {}, `${'x'.repeat(5000)}\n${'line\n'.repeat(50)}`))
    const run = await checkOnce(server.url)
    expect(run.log.filter((line) => line === 'line')).toHaveLength(9)
    expect(run.log.every((line) => line.length < 400)).toBe(true)
  })

  test('explains at most five of many failing targets, and lists them all', async () => {
    await using server = await startHttp(status(500))
    const targets = Array.from({ length: 12 }, (_, index) => `${server.url}/${index}`)
    const run = await checkOnce(targets.join('\n'))
    const explained = run.log.filter((line) => line.startsWith('::group::Diagnosis of'))
    expect(explained.length).toBeLessThanOrEqual(5)
    expect(run.summary.match(/^\| `http/gm)).toHaveLength(12)
  })
})

describe('the summary', () => {
  test('has a table of targets, and a chart of attempts that Mermaid draws', async () => {
    await using server = await startHttp((_, response, number) => {
      response.statusCode = number === 2 ? 500 : 200
      response.end()
    })
    const run = await check(`${server.url}/a|b`)
    const table = run.summary.split('\n').filter((line) => line.startsWith('|'))
    expect(table[0]).toBe('| Target | Attempts, oldest first | In a row | Last answer | Response time | Last failure |')
    expect(table[2]).toMatch(
      /^\| `http:\/\/.*\/a\\\|b` \| 5 🟩🟥🟩🟩🟩 \| 3 \| 200 \| \d+ms \| `500 Internal Server Error, expected 200-299` \|$/,
    )
    const chart = /```mermaid\n([\s\S]*?)```/.exec(run.summary)?.[1] ?? ''
    expect(chart.split('\n').map((line) => line.replaceAll(/\b[1-9]\d*\b(?=[,\]])/g, 'N'))).toEqual([
      'xychart-beta',
      '  title "Response time of each attempt"',
      '  x-axis "attempt (✗ failed)" ["1", "2 ✗", "3", "4", "5"]',
      expect.stringMatching(/^ {2}y-axis "ms" 0 --> \d+$/),
      expect.stringMatching(/^ {2}bar \[[N0], 0, [N0], [N0], [N0]\]$/),
      expect.stringMatching(/^ {2}bar \[0, [N0], 0, 0, 0\]$/),
      '',
    ])
  })

  test('masks secrets wherever they turn up', async () => {
    await using server = await startHttp((request, response) => {
      response.statusCode = 500
      response.end(`you sent ${request.headers.authorization}`)
    })
    const run = await checkOnce(server.url, { 'basic-auth': 'admin:hunter2' })
    expect(run.text + run.summary + JSON.stringify(run.outputs)).not.toMatch(
      new RegExp(`hunter2|${btoa('admin:hunter2')}`),
    )
    expect(run.text).toContain('you sent Basic ***')
  })
})
