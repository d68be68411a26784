import { randomFillSync } from 'node:crypto'
import { eventIdPrefix } from '../core/ids.ts'

/** A clock that was put back further is followed: times of acceptance may not stay wrong for long. */
const maxSetBackMs = 1_000

const bytesPerId = 10

/**
 * UUIDv7s that ascend in the order in which they are made (RFC 9562, 6.2, method 2): while the time is that of the last
 * one, or a little before it, its random part is increased by a random number.
 */
export class EventIds {
  /** The last id, without version and variant. */
  #timeMs = -Infinity
  #high12 = 0
  #middle30 = 0
  #low32 = 0
  /** All but the last eight digits, which hardly change as long as the time does not. */
  #prefix = ''
  /** A system call for a thousand ids, not for each. */
  readonly #pool = Buffer.allocUnsafe(bytesPerId * 1_024)
  #poolOffset = this.#pool.length
  readonly #fill: (pool: Buffer) => unknown

  constructor(fill: (pool: Buffer) => unknown = randomFillSync) {
    this.#fill = fill
  }

  next(nowMs: number): string {
    const offset = this.#takeRandom()
    if (nowMs > this.#timeMs || nowMs < this.#timeMs - maxSetBackMs) this.#begin(nowMs, offset)
    else this.#increase(1 + (this.#pool.readUInt32BE(offset + 6) & 0xffffff))
    return this.#prefix + digitsOf32(this.#low32)
  }

  #begin(timeMs: number, offset: number): void {
    this.#timeMs = timeMs
    this.#high12 = this.#pool.readUInt16BE(offset) & 0xfff
    this.#middle30 = this.#pool.readUInt32BE(offset + 2) & 0x3fffffff
    this.#low32 = this.#pool.readUInt32BE(offset + 6)
    this.#prefix = this.#formatPrefix()
  }

  #increase(by: number): void {
    this.#low32 += by
    if (this.#low32 < 2 ** 32) return
    this.#low32 -= 2 ** 32
    this.#middle30 = (this.#middle30 + 1) % 2 ** 30
    if (this.#middle30 === 0) this.#high12 = (this.#high12 + 1) % 2 ** 12
    if (this.#middle30 === 0 && this.#high12 === 0) this.#timeMs++
    this.#prefix = this.#formatPrefix()
  }

  #formatPrefix(): string {
    return eventIdPrefix(this.#timeMs, this.#high12, this.#middle30)
  }

  /** Where in the pool the bytes for one id begin. */
  #takeRandom(): number {
    if (this.#poolOffset === this.#pool.length) {
      this.#fill(this.#pool)
      this.#poolOffset = 0
    }
    this.#poolOffset += bytesPerId
    return this.#poolOffset - bytesPerId
  }
}

const digitsOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** In a third of the time that `toString` takes. */
function digitsOf32(value: number): string {
  const [a, b, c, d] = [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
  return `${digitsOfByte[a]}${digitsOfByte[b]}${digitsOfByte[c]}${digitsOfByte[d]}`
}
