import type { Query } from './events.ts'
import { HubError } from './errors.ts'
import { ServerSentEventParser, type ServerSentEvent } from './server-sent-events.ts'
import { sleep } from './sleep.ts'
import type { CallOptions, Transport } from './transport.ts'

/** One thing that happened in the hub. */
export interface Happening {
  /** Where a stream can go on; null for one that has no place, such as `gap`. */
  readonly id: string | null
  /** Such as `event.accepted` or `delivery.dead`; `gap` says that some of what happened is no longer known. */
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface StreamOptions extends CallOptions {
  /** Patterns with commas between, such as `delivery.*,circuit.changed`. */
  readonly types?: Query<'getStream'>['types']
  readonly integration?: Query<'getStream'>['integration']
  /** Of the last that was seen: it goes on from there. */
  readonly lastEventId?: string | undefined
  /** The connection is there, or was lost and is being made again. */
  readonly onConnection?: (state: 'open' | 'lost') => void
}

const againAfterMs = 1_000

/**
 * What happens, as it happens, until the signal or until nobody asks for more. A hub that refuses is an error; one
 * that goes away after the first answer is waited for, and the stream goes on where it broke.
 */
export async function* follow(transport: Transport, options: StreamOptions): AsyncGenerator<Happening, void> {
  const { types, integration, signal, onConnection } = options
  const leaving = new AbortController()
  const ended = signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal
  let lastId = options.lastEventId
  let wasOpen = false
  try {
    while (!ended.aborted) {
      try {
        const response = await transport.open({
          method: 'GET',
          path: '/v1/stream',
          query: { types, integration },
          headers: lastId === undefined ? {} : { 'last-event-id': lastId },
          isRepeatable: true,
          signal: ended,
        })
        wasOpen = true
        onConnection?.('open')
        for await (const { id, type, data } of eventsIn(response)) {
          lastId = id ?? lastId
          yield { id, type, data: JSON.parse(data) as Happening['data'] }
        }
      } catch (error) {
        if (ended.aborted) return
        if (!wasOpen || isRefusal(error)) throw error
      }
      if (ended.aborted) return
      onConnection?.('lost')
      await sleep(againAfterMs, ended).catch(() => undefined)
    }
  } finally {
    leaving.abort()
  }
}

/** A key that was revoked is no outage. */
function isRefusal(error: unknown): boolean {
  return error instanceof HubError && error.status < 500 && error.status !== 429
}

async function* eventsIn({ body }: Response): AsyncGenerator<ServerSentEvent> {
  const parser = new ServerSentEventParser()
  const decoder = new TextDecoder()
  if (!body) return
  // Not every browser can iterate over a stream.
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read())
    yield* parser.push(decoder.decode(read.value, { stream: true }))
}
