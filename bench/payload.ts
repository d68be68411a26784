/** A payload begins with its number and the time at which it was to be sent, at fixed places: `{"mark":"000000042.0000001234567890",`. */
const numberAt = 9
const numberDigits = 9
const timeAt = numberAt + numberDigits + 1
const timeDigits = 16
export const markEnd = timeAt + timeDigits + 1

export interface Mark {
  readonly number: number
  readonly scheduledUs: number
}

/** A JSON object of exactly `bytes` bytes, in which the mark is still to be written. */
export function createPayload(bytes: number): Buffer {
  const head = `{"mark":"${'0'.repeat(numberDigits)}.${'0'.repeat(timeDigits)}"`
  const fields = ',"ticket":{"id":4711,"kind":"invoice","title":"The printer on the second floor"},"notes":"'
  const tail = '"}'
  const words = 'accepted once kept unchanged delivered to everyone who must have it '
  const missing = bytes - head.length - fields.length - tail.length
  if (missing < 0) throw new Error(`a payload has at least ${bytes - missing} bytes`)
  const notes = words.repeat(Math.ceil(missing / words.length)).slice(0, missing)
  return Buffer.from(`${head}${fields}${notes}${tail}`, 'latin1')
}

/** Writes the mark into the payload that begins at `offset`. */
export function writeMark(buffer: Buffer, offset: number, mark: Mark): void {
  writeDigits(buffer, offset + numberAt, numberDigits, mark.number)
  writeDigits(buffer, offset + timeAt, timeDigits, mark.scheduledUs)
}

export function readMark(payload: Buffer): Mark {
  return {
    number: readDigits(payload, numberAt, numberDigits),
    scheduledUs: readDigits(payload, timeAt, timeDigits),
  }
}

function writeDigits(buffer: Buffer, offset: number, digits: number, value: number): void {
  let rest = value
  for (let at = offset + digits - 1; at >= offset; at--) {
    buffer[at] = 0x30 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}

function readDigits(buffer: Buffer, offset: number, digits: number): number {
  let value = 0
  for (let at = offset; at < offset + digits; at++) value = value * 10 + (buffer[at] ?? 0) - 0x30
  return value
}
