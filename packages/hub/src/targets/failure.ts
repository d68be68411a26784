import type { ErrorClass } from '../core/outcome.ts'
import { errors } from 'undici'
import { AddressRefused, AnswerTooLarge, ConnectTimedOut, TlsFailed } from './connector.ts'

/** Why there was no answer, in one sentence for people. */
export interface Failure {
  readonly errorClass: ErrorClass
  readonly error: string
}

/** `host` is what was called, with its port. */
export function describeFailure(cause: Error, host: string): Failure {
  if (cause instanceof AddressRefused)
    return { errorClass: 'address', error: `The hub may not connect to ${host}: ${cause.message}.` }
  if (cause instanceof TlsFailed)
    return { errorClass: 'tls', error: `The TLS handshake with ${host} failed: ${cause.message}.` }
  if (cause instanceof ConnectTimedOut)
    return { errorClass: 'timeout', error: `No connection to ${host} came about in time.` }
  if (cause instanceof AnswerTooLarge)
    return { errorClass: 'protocol', error: `${host} sent more than 1 MiB without coming to an answer.` }
  if (cause instanceof errors.HTTPParserError)
    return { errorClass: 'protocol', error: `What ${host} answered is not valid HTTP: ${reason(cause)}.` }
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  const { errorClass, says } = known(code, cause.message)
  return { errorClass, error: `${says(host)} (${code || cause.message}).` }
}

/** The parser's own words, without the sentence that undici puts around them. */
function reason({ message }: Error): string {
  return /\((.*)\)$/.exec(message)?.[1] ?? message
}

interface Known {
  readonly errorClass: ErrorClass
  readonly says: (host: string) => string
}

const refused: Known = { errorClass: 'refused', says: (host) => `${host} refused the connection` }
const unreachable: Known = { errorClass: 'refused', says: (host) => `${host} cannot be reached` }
const connectTimeout: Known = {
  errorClass: 'timeout',
  says: (host) => `No connection to ${host} came about in time`,
}
const reset: Known = {
  errorClass: 'reset',
  says: (host) => `${host} closed the connection before it answered`,
}
const unresolved: Known = { errorClass: 'dns', says: (host) => `The name of ${host} could not be resolved` }
const unexpected: Known = {
  errorClass: 'protocol',
  says: (host) => `${host} answered in a way that nothing had asked for, such as 100 or 101`,
}
const headersTooLarge: Known = {
  errorClass: 'protocol',
  says: (host) => `${host} answered with headers larger than 16 KiB`,
}
/** After the handshake, which TLS 1.3 ends before the target has seen our certificate. */
const brokenTls: Known = { errorClass: 'tls', says: (host) => `${host} broke off TLS` }
const contradictory: Known = {
  errorClass: 'protocol',
  says: (host) => `${host} answered with a wrong content-length`,
}
const unsendable: Known = {
  errorClass: 'misconfigured',
  says: (host) => `The request to ${host} could not be written`,
}
const unknown: Known = { errorClass: 'internal', says: (host) => `The call of ${host} failed` }

const byCode: ReadonlyMap<string, Known> = new Map([
  ['ECONNREFUSED', refused],
  ['EHOSTUNREACH', unreachable],
  ['ENETUNREACH', unreachable],
  ['EHOSTDOWN', unreachable],
  ['ENETDOWN', unreachable],
  ['EADDRNOTAVAIL', unreachable],
  ['ETIMEDOUT', connectTimeout],
  ['ECONNRESET', reset],
  ['ECONNABORTED', reset],
  ['EPIPE', reset],
  ['ENOTFOUND', unresolved],
  ['ENODATA', unresolved],
  ['UND_ERR_HEADERS_OVERFLOW', headersTooLarge],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', contradictory],
  ['UND_ERR_INVALID_ARG', unsendable],
  ['UND_ERR_NOT_SUPPORTED', unsendable],
])

function known(code: string, message: string): Known {
  // undici has one code for a connection that ended and for an answer out of place.
  if (code === 'UND_ERR_SOCKET') return message.startsWith('bad ') ? unexpected : reset
  if (code.startsWith('EAI_')) return unresolved
  if (code.startsWith('ERR_SSL_')) return brokenTls
  return byCode.get(code) ?? unknown
}
