import { OutboxError } from './errors.ts'
import type { CheckedEvent } from './event.ts'
import { findJsonProblem } from './json-problem.ts'
import { isPattern } from './pattern.ts'
import { isUuid } from './uuid.ts'

const maxTextCharacters = 255
const controlCharacter = /[\u0000-\u001f\u007f]/
const halfSurrogatePair = /\p{Surrogate}/u

export interface EventDefaults {
  readonly id: string
  readonly now: Date
  readonly maxPayloadBytes: number
}

/** Checks an event from any caller, typed or not; the error names the field. `at` is where it stands, such as `events[3].`. */
export function checkEvent(event: unknown, at: string, defaults: EventDefaults): CheckedEvent {
  if (typeof event !== 'object' || event === null) fail(at, 'event', 'must be an object')
  const fields = event as Readonly<Record<string, unknown>>
  const text = (name: string) => checkText(fields[name], at, name)
  const optionalText = (name: string) => (isGiven(fields[name]) ? text(name) : null)
  const id = checkId(fields['eventId'], at) ?? defaults.id
  return {
    id,
    eventName: checkEventName(text('eventName'), at),
    sourceModule: text('sourceModule'),
    aggregateType: text('aggregateType'),
    aggregateId: text('aggregateId'),
    payload: checkPayload(fields['payload'], at, defaults.maxPayloadBytes),
    metadata: checkMetadata(fields['metadata'], at),
    correlationId: optionalText('correlationId') ?? id,
    causationId: optionalText('causationId'),
    schemaVersion: checkVersion(fields['schemaVersion'] ?? 1, at),
    timestamp: checkTime(fields['timestamp'] ?? defaults.now, at),
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

function checkText(value: unknown, at: string, name: string): string {
  if (!isGiven(value)) fail(at, name, 'is missing')
  if (typeof value !== 'string') fail(at, name, `must be a string, not a ${typeof value}`)
  if (value.trim() === '') fail(at, name, 'is empty')
  if (value.length > maxTextCharacters) fail(at, name, `is longer than ${maxTextCharacters} characters`)
  if (controlCharacter.test(value)) fail(at, name, 'contains a control character')
  if (halfSurrogatePair.test(value)) fail(at, name, 'contains half of a surrogate pair')
  return value
}

function checkEventName(name: string, at: string): string {
  if (isPattern(name)) fail(at, 'eventName', 'contains "*", which is for patterns of subscriptions')
  return name
}

function checkId(id: unknown, at: string): string | null {
  if (id === undefined || id === null) return null
  if (typeof id !== 'string' || !isUuid(id)) fail(at, 'eventId', 'must be a UUID')
  return id.toLowerCase()
}

function checkPayload(payload: unknown, at: string, maxBytes: number): string {
  if (payload === undefined)
    fail(at, 'payload', 'is missing; an event that says nothing more has an empty object')
  const text = toJson(payload, at, 'payload')
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes)
    fail(at, 'payload', `has ${bytes} bytes, more than maxPayloadBytes (${maxBytes}) allows`)
  return text
}

const maxMetadataBytes = 16_384

function checkMetadata(metadata: unknown, at: string): string {
  if (metadata === undefined || metadata === null) return '{}'
  if (typeof metadata !== 'object' || Array.isArray(metadata)) fail(at, 'metadata', 'must be an object')
  const text = toJson(metadata, at, 'metadata')
  if (Buffer.byteLength(text) > maxMetadataBytes)
    fail(at, 'metadata', `has more than ${maxMetadataBytes} bytes`)
  return text
}

function toJson(value: unknown, at: string, name: string): string {
  const found = findJsonProblem(value, `${at}${name}`)
  if (found) throw new OutboxError('invalid_event', `${found.path} ${found.problem}.`, found.path)
  try {
    const text: unknown = JSON.stringify(value)
    if (typeof text === 'string') return text
  } catch (error) {
    fail(at, name, `can not be serialised: ${error instanceof Error ? error.message : String(error)}`)
  }
  fail(at, name, 'can not be serialised')
}

function checkVersion(version: unknown, at: string): number {
  if (typeof version === 'number' && Number.isInteger(version) && version >= 1 && version < 2 ** 31)
    return version
  fail(at, 'schemaVersion', 'must be a whole number from 1 on')
}

function checkTime(time: unknown, at: string): string {
  if (time instanceof Date && !Number.isNaN(time.getTime())) return time.toISOString()
  fail(at, 'timestamp', 'must be a valid Date')
}

function fail(at: string, name: string, problem: string): never {
  throw new OutboxError('invalid_event', `${at}${name} ${problem}.`, `${at}${name}`)
}
