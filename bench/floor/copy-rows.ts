const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const postgresEpochMs = Date.UTC(2000, 0, 1)

/** Rows in the binary format of COPY, in one buffer that is used again and again. */
export class CopyRows {
  #buffer = Buffer.allocUnsafe(256 * 1024)
  #length = 0

  reset(): void {
    this.#length = signature.copy(this.#buffer)
  }

  /** Ends it. Valid until it is reset. */
  bytes(): Buffer {
    this.#reserve(2)
    this.#length = this.#buffer.writeInt16BE(-1, this.#length)
    return this.#buffer.subarray(0, this.#length)
  }

  row(columns: number): void {
    this.#reserve(2)
    this.#length = this.#buffer.writeInt16BE(columns, this.#length)
  }

  int(value: number): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeInt32BE(4, this.#length)
    this.#length = this.#buffer.writeInt32BE(value, this.#length)
  }

  bigint(value: number): void {
    this.#reserve(12)
    this.#length = this.#buffer.writeInt32BE(8, this.#length)
    this.#length = this.#buffer.writeInt32BE(Math.floor(value / 0x1_0000_0000), this.#length)
    this.#length = this.#buffer.writeUInt32BE(value % 0x1_0000_0000, this.#length)
  }

  time(unixMs: number): void {
    this.bigint((unixMs - postgresEpochMs) * 1_000)
  }

  binary(value: Buffer): void {
    this.#reserve(4 + value.length)
    this.#length = this.#buffer.writeInt32BE(value.length, this.#length)
    this.#length += value.copy(this.#buffer, this.#length)
  }

  latin1(value: string): void {
    this.#reserve(4 + value.length)
    this.#length = this.#buffer.writeInt32BE(value.length, this.#length)
    this.#length += this.#buffer.write(value, this.#length, 'latin1')
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#length + bytes, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
