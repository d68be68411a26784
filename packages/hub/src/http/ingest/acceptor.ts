import type { Source } from '../../core/catalog.ts'
import type { IncomingEvent } from '../../core/event.ts'
import { Problem } from '../../core/problems.ts'
import { SourceRates } from '../../core/source-rates.ts'
import type { Fate } from '../../engine/commit-events.ts'
import type { HubContext } from '../context.ts'
import { payloadRemedy } from './bodies.ts'

export type Accept = (source: Source, events: readonly IncomingEvent[]) => Promise<readonly Fate[]>

/** Hands events on to be committed, within the limits of their source. */
export function acceptor({ settings, ingest, now }: HubContext): Accept {
  const rates = new SourceRates(() => ingest.share.count)
  return (source, events) => {
    demandPayloadSize(events, settings.maxPayloadBytes)
    const waitMs = rates.take(source, events.length, now().getTime())
    if (waitMs === 0) return ingest.accept(source, events)
    throw new Problem('rate_limited', `${source.name} sends more than its rate limit allows.`, {
      retryAfterSeconds: Math.ceil(waitMs / 1_000),
    })
  }
}

/** An envelope may be larger than its payload: what counts is the payload. */
function demandPayloadSize(events: readonly IncomingEvent[], maxPayloadBytes: number): void {
  if (events.every(({ body }) => body.length <= maxPayloadBytes)) return
  const limit = `The payload of an event may have at most ${maxPayloadBytes} bytes.`
  throw new Problem('payload_too_large', `${limit} ${payloadRemedy}`)
}

export function onlyFate(fates: readonly Fate[]): Fate {
  const [fate] = fates
  if (!fate) throw new Error('an accepted event has a fate')
  return fate
}
