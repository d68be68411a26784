import { isUtf8 } from 'node:buffer'

/** A request as the HTTP server hands it over. */
export interface IncomingRequest {
  readonly method: string
  /** Names are lower-case; values as Node gives them, each character one byte. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly query: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly receivedAt: Date
}

export function headerOf(request: IncomingRequest, name: string): string | null {
  const value = Object.hasOwn(request.headers, name) ? request.headers[name] : undefined
  if (value === undefined) return null
  return typeof value === 'string' ? value : value.join(', ')
}

export function queryOf(request: IncomingRequest, name: string): string | null {
  return Object.hasOwn(request.query, name) ? (request.query[name] ?? null) : null
}

/** Many senders put UTF-8 into headers as it is. What is not UTF-8 stays Latin-1. */
export function headerText(value: string): string {
  if (/^[\x00-\x7f]*$/.test(value)) return value
  const bytes = Buffer.from(value, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : value
}

/** `application/json` of `Application/JSON; charset=utf-8`. */
export function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

/** The `charset` parameter in lower case, if there is one. */
export function charsetOf(contentType: string): string | null {
  return /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? null
}
