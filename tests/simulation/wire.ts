/** What of PostgreSQL's protocol one must know to see when an answer is complete. */

/** Counts the answers that what an authenticated client sends asks for. */
export class Asked {
  #rest: Buffer = Buffer.alloc(0)
  readies = 0
  copiesDone = 0

  take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
    while (this.#rest.length >= 5) {
      const length = this.#rest.readInt32BE(1) + 1
      if (this.#rest.length < length) return
      const type = String.fromCharCode(this.#rest[0] ?? 0)
      if (type === 'Q' || type === 'S') this.readies++
      if (type === 'c') this.copiesDone++
      this.#rest = this.#rest.subarray(length)
    }
  }
}

/** Reads what a server says, to its last complete message. */
export class Answered {
  #rest: Buffer = Buffer.alloc(0)
  readies = 0
  copies = 0
  pid = 0

  take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
    while (this.#rest.length >= 5) {
      const length = this.#rest.readInt32BE(1) + 1
      if (this.#rest.length < length) return
      this.#message(this.#rest.subarray(0, length))
      this.#rest = this.#rest.subarray(length)
    }
  }

  #message(message: Buffer): void {
    const type = String.fromCharCode(message[0] ?? 0)
    if (type === 'Z') this.readies++
    if (type === 'G') this.copies++
    if (type === 'K') this.pid = message.readInt32BE(5)
  }
}
