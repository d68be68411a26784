/** A UUIDv7 from a time and random bytes; `random` must hold at least 10. */
export function createEventId(timeMs: number, random: Buffer): string {
  const high12 = random.readUInt16BE(0) >> 4
  return eventIdPrefix(timeMs, high12, random.readUInt32BE(2) & 0x3fffffff) + random.toString('hex', 6, 10)
}

/** All but the last eight digits of a UUIDv7; the numbers are random bits. */
export function eventIdPrefix(timeMs: number, high12: number, middle30: number): string {
  const bytes = Buffer.allocUnsafe(12)
  bytes.writeUIntBE(timeMs, 0, 6)
  bytes.writeUInt16BE(0x7000 + high12, 6)
  bytes.writeUInt32BE(0x80000000 + middle30, 8)
  return hexAsUuid(bytes.toString('hex'))
}

export function formatUuid(bytes: Buffer): string {
  return hexAsUuid(bytes.toString('hex'))
}

/** The first 32 digits. */
export function hexAsUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

export function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

/** When the event was accepted: the time inside its id. */
export function eventTime(id: string): Date {
  return new Date(parseInt(id.slice(0, 8) + id.slice(9, 13), 16))
}

/** The smallest id that an event accepted at this time can have. */
export function firstEventIdAt(time: Date): string {
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

/** No event has a larger id. */
export const lastEventId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function isUuid(text: string): boolean {
  return uuidPattern.test(text)
}

/** What names one delivery: its row's key, and the event so that it can be found after the row is gone. */
export interface DeliveryKey {
  readonly eventId: string
  readonly integrationId: number
  readonly seq: number
}

export function formatDeliveryId(key: DeliveryKey): string {
  return `${key.eventId}.${key.integrationId}.${key.seq.toString(36)}`
}

const maxIntegrationId = 2 ** 31 - 1

/** Null: it names nothing that the store could hold. */
export function parseDeliveryId(text: string): DeliveryKey | null {
  const match = /^([0-9a-f-]{36})\.(\d{1,10})\.([0-9a-z]{1,11})$/.exec(text)
  const [, eventId = '', integrationDigits = '', seqDigits = ''] = match ?? []
  const [integrationId, seq] = [Number(integrationDigits), parseInt(seqDigits, 36)]
  if (!isUuid(eventId) || integrationId > maxIntegrationId || !Number.isSafeInteger(seq)) return null
  return { eventId, integrationId, seq }
}
