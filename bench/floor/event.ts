import { randomFillSync } from 'node:crypto'

export interface FloorEvent {
  readonly id: string
  readonly idBytes: Buffer
  readonly contentType: string
  readonly body: Buffer
  /** Null: it is only kept. */
  readonly seq: number | null
}

const randomPool = Buffer.allocUnsafe(10 * 1024)
let randomOffset = randomPool.length

/** A UUIDv7. */
export function createIdBytes(): Buffer {
  if (randomOffset === randomPool.length) {
    randomFillSync(randomPool)
    randomOffset = 0
  }
  const bytes = Buffer.allocUnsafe(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  randomPool.copy(bytes, 6, randomOffset, randomOffset + 10)
  randomOffset += 10
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return bytes
}

export function formatId(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
