import { isUtf8 } from 'node:buffer'
import { AttributeSet, refuseAttribute } from './cloudevent-attributes.ts'
import { headerOf, type IncomingRequest } from './request.ts'

const prefix = 'ce-'

/** The attributes that the `ce-*` headers of binary mode give; null when there is no such header. */
export function readHeaderAttributes(request: IncomingRequest): AttributeSet | null {
  let set: AttributeSet | null = null
  for (const header of Object.keys(request.headers)) {
    if (!header.startsWith(prefix)) continue
    const name = header.slice(prefix.length)
    const value = headerOf(request, header)
    if (value === null) continue
    if (name === 'datacontenttype')
      refuseAttribute(name, 'must not be a header in binary mode: the content-type header is it', null)
    set ??= new AttributeSet(null)
    set.add(name, decodeAttribute(name, value))
  }
  return set
}

/** One attribute out of its header: quotes taken off, percent-decoded once, UTF-8. */
export function decodeAttribute(name: string, value: string): string {
  // Nearly all values: visible ASCII without quotes and percent signs.
  if (/^[\x20\x21\x23\x24\x26-\x7e]*$/.test(value)) return value
  const bytes = percentDecode(Buffer.from(unquote(value), 'latin1'))
  if (!isUtf8(bytes)) refuseAttribute(name, 'is not UTF-8 once percent-decoded', null)
  return bytes.toString('utf8')
}

function unquote(value: string): string {
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"')
  return isQuoted ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value
}

/** A percent sign without two hex digits stands for itself, as older senders encode nothing. */
function percentDecode(bytes: Buffer): Buffer {
  const decoded = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const hex = bytes[at] === 0x25 ? bytes.toString('latin1', at + 1, at + 3) : ''
    const isEncoded = /^[0-9a-fA-F]{2}$/.test(hex)
    decoded[length++] = isEncoded ? Number.parseInt(hex, 16) : (bytes[at] ?? 0)
    if (isEncoded) at += 2
  }
  return decoded.subarray(0, length)
}
