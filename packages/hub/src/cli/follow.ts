import { setTimeout as delay } from 'node:timers/promises'
import type { Api, Query } from './api.ts'

/** One thing that happened, as the stream of the hub tells it. */
export interface Happening {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

interface Following {
  readonly query: Query
  /** Ends it. */
  readonly signal: AbortSignal
  /** The connection broke, or came back. */
  readonly onConnection: (state: 'open' | 'lost') => void
}

const againAfterMs = 1_000

/**
 * What happens, as it happens, until the signal. A hub that cannot be reached at first is an error; one that goes away
 * later is waited for, and goes on where the stream broke.
 */
export async function* follow(
  api: Api,
  { query, signal, onConnection }: Following,
): AsyncGenerator<Happening> {
  let lastId: string | null = null
  let wasOpen = false
  while (!signal.aborted) {
    try {
      const headers = lastId === null ? {} : { 'last-event-id': lastId }
      const response = await api.open('GET', '/v1/stream', { query, headers, signal })
      wasOpen = true
      onConnection('open')
      for await (const message of readMessages(response)) {
        lastId = message.id ?? lastId
        yield { type: message.type, data: JSON.parse(message.data) as Record<string, unknown> }
      }
    } catch (error) {
      if (signal.aborted) return
      if (!wasOpen) throw error
    }
    if (signal.aborted) return
    onConnection('lost')
    await delay(againAfterMs, undefined, { signal }).catch(() => undefined)
  }
}

interface Message {
  readonly id: string | null
  readonly type: string
  readonly data: string
}

/** Server-Sent Events: lines of `field: value`, a message at each empty one. */
async function* readMessages(response: Response): AsyncGenerator<Message> {
  let fields: Record<string, string> = {}
  for await (const line of readLines(response)) {
    if (line === '') {
      if (fields['data'] !== undefined)
        yield { id: fields['id'] ?? null, type: fields['event'] ?? 'message', data: fields['data'] }
      fields = {}
    } else {
      const [, field = '', value = ''] = /^([^:]*): ?(.*)$/.exec(line) ?? []
      fields[field] = field === 'data' && fields['data'] !== undefined ? `${fields['data']}\n${value}` : value
    }
  }
}

async function* readLines({ body }: Response): AsyncGenerator<string> {
  let rest = ''
  for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
