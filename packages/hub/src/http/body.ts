import type { IncomingMessage } from 'node:http'
import { Problem } from '../core/problems.ts'

/** What request bodies may take in memory together, from their first byte until their request is done with them. */
export class BodyBudget {
  #leftBytes: number

  constructor(maxBytes: number) {
    this.#leftBytes = maxBytes
  }

  take(bytes: number): boolean {
    if (bytes > this.#leftBytes) return false
    this.#leftBytes -= bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#leftBytes += bytes
  }
}

export interface BodyRules {
  readonly budget: BodyBudget
  readonly limitBytes: number
  /** What to do about a body that is too large, in a sentence. */
  readonly remedy: string
}

/** Reads a body whole. Whoever gets it gives its bytes back to the budget when done with it. */
export function readBody(
  request: IncomingMessage,
  { budget, limitBytes, remedy }: BodyRules,
  done: (error: Error | null, body?: Buffer) => void,
): void {
  if (Number(request.headers['content-length']) > limitBytes) return done(tooLarge(limitBytes, remedy))
  const chunks: Buffer[] = []
  let bytes = 0

  const end = (error: Error | null): void => {
    request.off('data', onData)
    request.off('end', onEnd)
    request.off('error', end)
    if (!error) return done(null, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, bytes))
    budget.giveBack(bytes)
    done(error)
  }
  const onData = (chunk: Buffer): void => {
    if (bytes + chunk.length > limitBytes) return end(tooLarge(limitBytes, remedy))
    if (!budget.take(chunk.length)) return end(tooMuchInHand())
    bytes += chunk.length
    chunks.push(chunk)
  }
  const onEnd = (): void => end(null)
  request.on('data', onData)
  request.on('end', onEnd)
  request.on('error', end)
}

function tooLarge(limitBytes: number, remedy: string): Problem {
  return new Problem('payload_too_large', `The body may have at most ${limitBytes} bytes. ${remedy}`)
}

function tooMuchInHand(): Problem {
  const detail = 'The hub is reading as many bodies as it can hold. Send this one again in a moment.'
  return new Problem('overloaded', detail, { retryAfterSeconds: 1 })
}

const drainBounds = { maxBytes: 100 * 1024 * 1024, maxMs: 10_000 }

/**
 * Reads what is left of a body and throws it away: many clients send all of a body before they look for an answer, and
 * would see a reset instead of it. Resolves to false when that is too much to wait for.
 */
export function drainBody(request: IncomingMessage, { maxBytes, maxMs } = drainBounds): Promise<boolean> {
  if (request.readableEnded || request.destroyed) return Promise.resolve(request.readableEnded)
  return new Promise((resolve) => {
    let leftBytes = maxBytes
    const end = (isDrained: boolean): void => {
      clearTimeout(timer)
      request.off('data', onData)
      resolve(isDrained)
    }
    const onData = (chunk: Buffer): void => {
      leftBytes -= chunk.length
      if (leftBytes < 0) end(false)
    }
    const timer = setTimeout(end, maxMs, false)
    request.on('data', onData)
    request.once('end', () => end(true))
    request.once('close', () => end(false))
    request.once('error', () => end(false))
    request.resume()
  })
}
