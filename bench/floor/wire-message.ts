const copySignature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const postgresEpochMs = Date.UTC(2000, 0, 1)

/**
 * Messages of PostgreSQL's protocol in one buffer that is used again and again: a query of several statements and the
 * rows of its COPYs, sent together. The statements of one query message are one transaction, so that a whole
 * commit takes one trip to the server and back.
 */
export class WireMessage {
  #buffer = Buffer.allocUnsafe(256 * 1024)
  #length = 0
  #messageStart = 0

  reset(): void {
    this.#length = 0
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  query(statements: readonly string[]): void {
    const sql = `${statements.join(';')}\0`
    this.#begin('Q', sql.length)
    this.#length += this.#buffer.write(sql, this.#length, 'latin1')
    this.#end()
  }

  beginCopy(): void {
    this.#begin('d', copySignature.length)
    this.#length += copySignature.copy(this.#buffer, this.#length)
  }

  endCopy(): void {
    this.#reserve(2)
    this.#length = this.#buffer.writeInt16BE(-1, this.#length)
    this.#end()
    this.#begin('c', 0)
    this.#end()
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

  #begin(kind: string, bodyBytes: number): void {
    this.#reserve(5 + bodyBytes)
    this.#buffer[this.#length] = kind.charCodeAt(0)
    this.#messageStart = this.#length + 1
    this.#length += 5
  }

  #end(): void {
    this.#buffer.writeInt32BE(this.#length - this.#messageStart, this.#messageStart)
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#length + bytes, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
