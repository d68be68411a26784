import { createPayload, writeMark } from '../payload.ts'
import type { BodyPlan, LoadPlan } from './plan.ts'

/** The requests of one connection as they go over the wire: one buffer, used again for each. */
export interface RequestTemplate {
  /** Numbers the events of the next call, consecutively. */
  next(firstNumber: number, scheduledUs: number): Buffer
}

export function createRequest(plan: LoadPlan, url: string): RequestTemplate {
  const { payloadOffsets, numberOffsets, bytes: body } = createBody(plan.body)
  const head = Buffer.from(headOf(plan.headers, url, body.length), 'latin1')
  const bytes = Buffer.concat([head, body])
  return {
    next(firstNumber, scheduledUs) {
      for (const [index, offset] of payloadOffsets.entries())
        writeMark(bytes, head.length + offset, { number: firstNumber + index, scheduledUs })
      for (const [index, offset] of numberOffsets.entries())
        bytes.write(String(firstNumber + index).padStart(idDigits, '0'), head.length + offset, 'latin1')
      return bytes
    },
  }
}

function headOf(headers: LoadPlan['headers'], url: string, bodyBytes: number): string {
  const { host, pathname, search } = new URL(url)
  const all = { host, ...headers, 'content-length': String(bodyBytes) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`
}

interface Body {
  readonly bytes: Buffer
  readonly payloadOffsets: readonly number[]
  /** Where the CloudEvents ids are. */
  readonly numberOffsets: readonly number[]
}

const idDigits = 9

function createBody({ kind, payloadBytes, eventsPerCall }: BodyPlan): Body {
  const payload = createPayload(payloadBytes)
  if (kind === 'plain') return { bytes: payload, payloadOffsets: [0], numberOffsets: [] }
  const beforeId = '{"specversion":"1.0","source":"bench","type":"bench.ticket","id":"'
  const beforeData = '","data":'
  const prefixBytes = beforeId.length + idDigits + beforeData.length
  const text = `${beforeId}${'0'.repeat(idDigits)}${beforeData}${payload.toString('latin1')}}`
  const starts = Array.from({ length: eventsPerCall }, (_, index) => 1 + index * (text.length + 1))
  return {
    bytes: Buffer.from(`[${Array.from({ length: eventsPerCall }, () => text).join(',')}]`, 'latin1'),
    payloadOffsets: starts.map((start) => start + prefixBytes),
    numberOffsets: starts.map((start) => start + beforeId.length),
  }
}
