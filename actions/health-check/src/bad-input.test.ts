import { startHttp } from '@deploy-kit/core/testing/test-server'
import { describe, expect, test } from 'vitest'
import { check } from './testing/checked.ts'

const URL = 'https://example.com/health'
/** The message a user sees begins with the input's name. */
const CASES: readonly (readonly [inputs: Readonly<Record<string, string>>, message: string])[] = [
  // Durations.
  [{ timeout: '30' }, "timeout: '30' has no unit; write 30s"],
  [{ timeout: '-5s' }, "timeout: '-5s' is negative; a duration is 0s or more"],
  [
    { timeout: '5 fortnights' },
    "timeout: '5 fortnights' is not a duration; write a number with a unit, such as 500ms, 30s, 5m or 1h30m",
  ],
  [{ timeout: '5w' }, "timeout: '5w' has an unknown unit 'w'; units are ms, s, m, h and d"],
  [{ timeout: '99999999999d' }, "timeout: '99999999999d' is longer than 3650d"],
  [{ timeout: '0s' }, "timeout: '0s' is too short; the least is 1ms"],
  [
    { interval: '1m1h' },
    "interval: '1m1h' has its units out of order; write them from large to small, each once, such as 1h30m",
  ],
  [{ 'request-timeout': '0ms' }, "request-timeout: '0ms' is too short; the least is 1ms"],
  [{ 'max-interval': '30' }, "max-interval: '30' has no unit; write 30s"],
  [
    { 'initial-delay': 'soon' },
    "initial-delay: 'soon' is not a duration; write a number with a unit, such as 500ms, 30s, 5m or 1h30m",
  ],
  [{ 'max-response-time': '300' }, "max-response-time: '300' has no unit; write 300s"],
  [{ 'min-certificate-validity': '7' }, "min-certificate-validity: '7' has no unit; write 7s"],
  // Targets.
  [{ url: '' }, 'url: is required, and nothing was given'],
  [{ url: 'example.com/health' }, "url: 'example.com/health' has no scheme; write https://example.com/health"],
  [{ url: 'localhost:3000' }, "url: 'localhost:3000' has no scheme; write http://localhost:3000"],
  [
    { url: 'https://me:secret@example.com/' },
    "url: 'https://***@example.com/' has credentials in it; give them as basic-auth",
  ],
  [
    { url: 'https://example.com/a b' },
    "url: 'https://example.com/a b' has a blank in it; write one target a line, and %20 for a blank",
  ],
  [
    { url: 'ftp://example.com' },
    "url: 'ftp://example.com' has the unknown scheme 'ftp'; targets are http, https, ws, wss and tcp",
  ],
  [{ url: 'https://' }, "url: 'https://' is not a valid URL"],
  [
    { url: 'https://exa mple' },
    "url: 'https://exa mple' has a blank in it; write one target a line, and %20 for a blank",
  ],
  [{ url: 'http://256.1.1.1/' }, "url: 'http://256.1.1.1/' is not a valid URL"],
  [{ url: 'http://example.com:99999/' }, "url: 'http://example.com:99999/' is not a valid URL"],
  [{ url: 'http://example.com:0/' }, "url: 'http://example.com:0/' has port 0, which nothing can listen on"],
  [
    { url: 'https://example.com/#/health' },
    "url: 'https://example.com/#/health' has a fragment (#/health), which is never sent to a server",
  ],
  [{ url: 'tcp://db' }, "url: 'tcp://db' has no port; write tcp://host:port"],
  [
    { url: 'tcp://db:5432/name' },
    "url: 'tcp://db:5432/name' has a path, which tcp does not know; write tcp://host:port",
  ],
  [{ url: 'http:///health' }, "url: 'http:///health' has no host"],
  // The request.
  [{ method: 'FETCH' }, "method: 'FETCH' is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"],
  [
    { headers: 'Accept application/json' },
    "headers: 'Accept application/json' is not of the form Name: value; write one header a line",
  ],
  [{ headers: 'X-A: 1\nmore' }, "headers: 'more' is not of the form Name: value; write one header a line"],
  [{ headers: 'X A: 1' }, "headers: 'X A' is not a header name"],
  [{ headers: 'X-A: \u0007' }, "headers: 'X-A' has a value with a character that no header can hold"],
  [{ headers: 'Content-Length: 5' }, "headers: 'Content-Length' is set by the action itself and cannot be given"],
  [{ headers: 'X-A: 1\nx-a: 2' }, "headers: 'x-a' is given twice"],
  [{ 'bearer-token': 'two words' }, 'bearer-token: has a blank or a line break in it, which a token cannot hold'],
  [{ 'basic-auth': 'nobody' }, 'basic-auth: is not of the form user:password'],
  [{ 'user-agent': 'a\nb' }, 'user-agent: has a line break or another character that no header can hold'],
  [
    { 'connect-to': 'origin' },
    "connect-to: 'origin' is not of the form host:port; an IPv6 address stands in brackets, such as [::1]:8443",
  ],
  [{ 'connect-to': 'origin:70000' }, "connect-to: 'origin:70000' has a port outside 1 to 65535"],
  [
    { 'ca-cert': 'not a certificate' },
    'ca-cert: is not PEM: it has no block that begins with -----BEGIN CERTIFICATE-----',
  ],
  [
    { 'ca-cert': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
    'ca-cert: has a PEM block that is not a certificate (number 1)',
  ],
  // What is expected.
  [{ 'expected-status': '299-200' }, "expected-status: '299-200' is reversed; write 200-299"],
  [
    { 'expected-status': '2xx' },
    "expected-status: '2xx' is not a status code; write codes and ranges, such as 200,204,300-399",
  ],
  [{ 'expected-status': '200-999' }, "expected-status: '200-999' is outside 100 to 599"],
  [{ 'fail-fast-status': ',' }, "fail-fast-status: ',' names no status code; write codes and ranges, such as 200-299"],
  [
    { 'expected-body-regex': '(unclosed' },
    "expected-body-regex: '(unclosed' is not a regular expression: Unterminated group",
  ],
  [
    { 'expected-final-url': '/login' },
    "expected-final-url: '/login' is not a URL; write it in full, such as https://example.com/login",
  ],
  [{ 'version-path': 'a..b' }, 'version-path: a key is missing; write .key, [0] or ["key"]\n    a..b\n      ^'],
  [
    { conditions: '[STATUS] == 200\n[BODY].n < many' },
    "conditions: line 2: < compares numbers; 'many' is not\n    [BODY].n < many\n               ^^^^",
  ],
  // Numbers and words.
  [{ 'success-threshold': '0' }, "success-threshold: '0' is too small; the least is 1"],
  [{ 'success-threshold': '2.5' }, "success-threshold: '2.5' is not a whole number"],
  [{ 'max-attempts': '-1' }, "max-attempts: '-1' is too small; the least is 0"],
  [{ jitter: '2' }, "jitter: '2' is too large; the most is 1"],
  [{ 'backoff-coefficient': '0.5' }, "backoff-coefficient: '0.5' is too small; the least is 1"],
  [{ 'follow-redirects': 'yes' }, "follow-redirects: 'yes' is not one of safe, all, none"],
  [{ insecure: 'yes' }, "insecure: 'yes' is not a boolean; write true or false"],
  // Inputs that contradict each other: all of them are named.
  [{ 'max-attempts': '2' }, 'max-attempts, success-threshold: 2 attempts can never give 3 passes in a row'],
  [
    { 'success-threshold': '10', interval: '1m', jitter: '0' },
    'success-threshold, interval, timeout: 10 passes in a row take at least 9m 00s, and the step may take 5m 00s',
  ],
  [{ interval: '10m' }, 'interval, timeout: the pause of 10m 00s is longer than the whole step may take, 5m 00s'],
  [{ 'initial-delay': '5m' }, 'initial-delay, timeout: nothing would be probed: 5m 00s is not less than 5m 00s'],
  [
    { 'bearer-token': 'abcd', 'basic-auth': 'a:b' },
    'bearer-token, basic-auth: both make an Authorization header; give one',
  ],
  [{ 'bearer-token': 'abcd', headers: 'authorization: x' }, 'bearer-token, headers: both give Authorization; give one'],
  [{ headers: 'User-Agent: x', 'user-agent': 'y' }, 'headers, user-agent: both give User-Agent; give one'],
  [{ body: '{}' }, 'body, method: GET has no body; give a method such as POST'],
  [{ 'fail-fast-status': '204' }, 'fail-fast-status, expected-status: 204 is in both'],
  [
    { 'max-response-time': '20s' },
    'max-response-time, request-timeout: an attempt ends after 10s, so no answer can take 20s',
  ],
  [
    { 'max-response-time': '1s', conditions: '[RESPONSE_TIME] < 300ms' },
    'max-response-time, conditions: [RESPONSE_TIME] is judged by both; give one',
  ],
  [
    { 'expected-version': '1', conditions: '[BODY].version == 1' },
    'expected-version, conditions: both look at the same place of the body; give one',
  ],
  [{ conditions: '[STATUS] == 200\n[STATUS]==200' }, 'conditions: line 2: [STATUS] == 200 stands on line 1 already'],
  [{ url: 'ws://a\ntcp://db:5432', 'expected-body': 'ok' }, 'url, expected-body: no target is one that has a body'],
  [{ url: 'tcp://db:5432', method: 'POST' }, 'url, method: no target is one that method is sent to'],
  [
    { url: 'ws://a', 'min-certificate-validity': '7d' },
    'url, min-certificate-validity: no target is one that has a certificate',
  ],
  [{ method: 'HEAD', 'expected-body': 'up' }, 'method, expected-body: an answer to HEAD never has a body; give GET'],
  [
    { method: 'HEAD', 'expected-body-regex': 'u.' },
    'method, expected-body-regex: an answer to HEAD never has a body; give GET',
  ],
  [
    { method: 'HEAD', 'expected-version': '1' },
    'method, expected-version: an answer to HEAD never has a body; give GET',
  ],
  [
    { method: 'HEAD', conditions: 'len([BODY]) > 0' },
    'method, conditions: an answer to HEAD never has a body; give GET',
  ],
  [{ url: 'http:example.com/up' }, "url: 'http:example.com/up' has no scheme; write http://example.com/up"],
  [
    { url: 'http://a.test:80,http://b.test:80' },
    "url: 'http://a.test:80,http://b.test:80' is not a valid URL; write one target a line",
  ],
  [{ url: 'tcp://a%20b:5432' }, "url: 'tcp://a%20b:5432' is not a valid URL"],
  [
    { url: `${URL}\ntcp://db:5432`, conditions: '[BODY].status == "UP"' },
    'url, conditions: tcp://db:5432 never has a body; check it in a step of its own',
  ],
]

describe('bad input is refused with a message that says what to write', () => {
  test.each(CASES.map(([inputs, message]) => [JSON.stringify(inputs), inputs, message] as const))(
    '%s',
    async (_, inputs, message) => {
      const { url = URL, ...others } = inputs
      const run = await check(url, { timeout: '5m', ...others })
      expect(run.exitCode).toBe(1)
      expect(run.annotations).toHaveLength(1)
      expect(run.annotations[0]?.message).toBe(
        `${message}\nNothing was sent or changed. Correct the \`with:\` block of this step.`,
      )
    },
  )

  test('all of it in one message, before any request', async () => {
    await using server = await startHttp((_, response) => response.end())
    const run = await check(`${server.url}\nexample.com`, {
      timeout: '30',
      method: 'get',
      conditions: '[STATSU] == 1\nlen(5) == 1',
      'max-attempts': '1',
    })
    expect(run.annotations[0]?.message.split('\n')).toEqual([
      '5 inputs cannot be used:',
      "- url: 'example.com' has no scheme; write https://example.com",
      "- method: 'get' is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
      '- conditions: line 1: unknown placeholder [STATSU]; there are [STATUS], [RESPONSE_TIME], [CERTIFICATE_EXPIRATION], [FINAL_URL], [CONNECTED], [BODY], [HEADERS]',
      '    [STATSU] == 1',
      '    ^^^^^^^^',
      '  line 2: len() takes a placeholder such as [BODY].items',
      '    len(5) == 1',
      '        ^',
      "- timeout: '30' has no unit; write 30s",
      '- max-attempts, success-threshold: 1 attempts can never give 3 passes in a row',
      'Nothing was sent or changed. Correct the `with:` block of this step.',
    ])
    expect(server.requests).toHaveLength(0)
  })

  test('without quoting a secret', async () => {
    const run = await check(URL, { 'bearer-token': 'hunter2 hunter3', 'basic-auth': 'hunter4' })
    expect(run.text + run.summary + JSON.stringify(run.annotations)).not.toMatch(/hunter/)
  })
})
