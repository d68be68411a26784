import { JsonCursor, JsonTextError, textOf, type JsonSlice } from '../core/json-text.ts'
import { Problem } from '../core/problems.ts'
import type { Attributes } from '../core/event.ts'
import { AttributeSet, isCoreAttribute, refuseAttribute } from './cloudevent-attributes.ts'
import { charsetOf, mediaTypeOf } from './request.ts'

/** One CloudEvent out of its JSON format. */
export interface JsonEvent {
  readonly attributes: Attributes
  readonly contentType: string | null
  readonly body: Buffer
}

export function readStructured(body: Buffer): JsonEvent {
  return reading(body, (cursor) => readEvent(cursor, null))
}

export function readBatch(body: Buffer): readonly JsonEvent[] {
  return reading(body, (cursor) => {
    const events: JsonEvent[] = []
    cursor.eachElement((index) => {
      const event = readEvent(cursor, index)
      // A copy, or one waiting event would keep the whole batch in memory.
      events.push({ ...event, body: Buffer.from(event.body) })
    })
    return events
  })
}

function reading<T>(body: Buffer, read: (cursor: JsonCursor) => T): T {
  try {
    const cursor = new JsonCursor(body)
    const result = read(cursor)
    cursor.end()
    return result
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error
    throw new Problem('invalid_cloudevent', `The body is not a CloudEvent in JSON: ${error.message}.`)
  }
}

function readEvent(cursor: JsonCursor, batchIndex: number | null): JsonEvent {
  const { bytes } = cursor
  const set = new AttributeSet(batchIndex)
  const seen = new Set<string>()
  let data: JsonSlice | null = null
  let base64: JsonSlice | null = null
  cursor.eachMember((name) => {
    // Readers differ on which of two counts, so what one has checked another would not see.
    if (seen.has(name)) refuseAttribute(name, 'is there twice', batchIndex)
    seen.add(name)
    const slice = cursor.skip()
    if (name === 'data') data = slice
    else if (slice.kind === 'null') return
    else if (name === 'data_base64') base64 = slice
    else set.add(name, attributeText(bytes, name, slice, batchIndex))
  })
  const attributes = set.complete()
  return { attributes, ...payloadOf(bytes, { data, base64, contentType: set.contentType, batchIndex }) }
}

function attributeText(bytes: Buffer, name: string, slice: JsonSlice, batchIndex: number | null): string {
  const text = textOf(bytes, slice)
  if (slice.kind === 'string') return text
  if (isCoreAttribute(name)) refuseAttribute(name, `must be a string and is ${slice.kind}`, batchIndex)
  if (slice.kind === 'boolean' || (slice.kind === 'number' && isInteger(text))) return text
  refuseAttribute(name, 'must be a string, a boolean or a whole number of 32 bits', batchIndex)
}

function isInteger(text: string): boolean {
  return /^-?\d+$/.test(text) && Number(text) === (Number(text) | 0)
}

interface PayloadParts {
  readonly data: JsonSlice | null
  readonly base64: JsonSlice | null
  readonly contentType: string | null
  readonly batchIndex: number | null
}

type Payload = Pick<JsonEvent, 'body' | 'contentType'>

function payloadOf(bytes: Buffer, parts: PayloadParts): Payload {
  const { data, base64, contentType, batchIndex } = parts
  if (base64) {
    if (data) refuseAttribute('data_base64', 'must not stand beside `data`', batchIndex)
    return { body: decodeBase64(bytes, base64, batchIndex), contentType: contentType ?? 'application/json' }
  }
  // No payload is no JSON either: receivers would fail to parse it.
  if (!data) return { body: Buffer.alloc(0), contentType }
  if (contentType === null || isJson(contentType))
    return { body: bytes.subarray(data.start, data.end), contentType: contentType ?? 'application/json' }
  return { body: textPayload(bytes, data, contentType, batchIndex), contentType }
}

function isJson(contentType: string): boolean {
  const mediaType = mediaTypeOf(contentType)
  return mediaType.endsWith('/json') || mediaType.endsWith('+json')
}

function textPayload(bytes: Buffer, data: JsonSlice, contentType: string, batchIndex: number | null): Buffer {
  if (data.kind === 'null') return Buffer.alloc(0)
  if (data.kind !== 'string')
    refuseAttribute('data', `must be a string, as ${contentType} is not JSON`, batchIndex)
  const charset = charsetOf(contentType) ?? 'utf-8'
  if (charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii')
    refuseAttribute('data', `cannot be sent as text in ${charset}; use \`data_base64\``, batchIndex)
  const text = textOf(bytes, data)
  if (!text.isWellFormed())
    refuseAttribute('data', 'holds half a surrogate pair, which no text can', batchIndex)
  return Buffer.from(text)
}

function decodeBase64(bytes: Buffer, slice: JsonSlice, batchIndex: number | null): Buffer {
  try {
    if (slice.kind === 'string') {
      const decoded = Uint8Array.fromBase64(textOf(bytes, slice), { lastChunkHandling: 'strict' })
      return Buffer.from(decoded.buffer, decoded.byteOffset, decoded.byteLength)
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  refuseAttribute('data_base64', 'must be a string of base64 with padding (RFC 4648)', batchIndex)
}
