import { createRequire } from 'node:module'
import { choice, text } from '@deploy-kit/core/input-fields'
import type { Field } from '@deploy-kit/core/inputs'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

export const method = choice(...METHODS)

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** What a header's value may hold: visible characters, blanks and tabs (RFC 9110, section 5.5). */
const NOT_IN_VALUE = /[^\t\u0020-\u007e\u0080-\u00ff]/

/** What the request itself decides; a value of the user's would contradict it. */
const OURS = new Set(['connection', 'content-length', 'transfer-encoding', 'upgrade', 'keep-alive', 'te', 'trailer'])

export type Header = readonly [name: string, value: string]

/** One `Name: value`. */
export const headers: Field<Header> = {
  parse: (given) => {
    const at = given.indexOf(':')
    if (at < 1) throw new RangeError(`'${given}' is not of the form Name: value; write one header a line`)
    const name = given.slice(0, at).trim()
    const value = given.slice(at + 1).trim()
    if (!TOKEN.test(name)) throw new RangeError(`'${name}' is not a header name`)
    if (OURS.has(name.toLowerCase()) || /^sec-websocket-/i.test(name)) {
      throw new RangeError(`'${name}' is set by the action itself and cannot be given`)
    }
    if (NOT_IN_VALUE.test(value)) throw new RangeError(`'${name}' has a value with a character that no header can hold`)
    return [name, value]
  },
}

/** `user:password`; the password may hold colons (RFC 7617). */
export const basicAuth: Field<string> = {
  parse: (given) => {
    if (given.indexOf(':') < 1) throw new RangeError('is not of the form user:password')
    return given
  },
}

export const bearerToken: Field<string> = {
  parse: (given) => {
    if (/\s/.test(given)) throw new RangeError('has a blank or a line break in it, which a token cannot hold')
    if (NOT_IN_VALUE.test(given)) throw new RangeError('has a character that no header can hold')
    return given
  },
}

export const singleLine = text((given) =>
  NOT_IN_VALUE.test(given) ? 'has a line break or another character that no header can hold' : undefined,
)

export const finalUrl = text((given) => {
  if (!/^(https?|wss?):\/\//i.test(given) || !URL.canParse(given)) {
    return `'${given}' is not a URL; write it in full, such as https://example.com/login`
  }
  return undefined
})

/** One or more PEM certificates. */
export const certificates: Field<string> = {
  parse: (given) => {
    const blocks = given.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
    if (blocks.length === 0) {
      const key = given.includes('PRIVATE KEY') ? '; this is a private key, which must not be given' : ''
      throw new RangeError(`is not PEM: it has no block that begins with -----BEGIN CERTIFICATE-----${key}`)
    }
    // Loaded when there is one to read: node:crypto is a tenth of the start-up of an http check.
    const { X509Certificate }: typeof import('node:crypto') = createRequire(import.meta.url)('node:crypto')
    for (const [index, block] of blocks.entries()) {
      try {
        new X509Certificate(block)
      } catch {
        throw new RangeError(`has a PEM block that is not a certificate (number ${index + 1})`)
      }
    }
    return blocks.join('\n')
  },
}
