import { hash } from 'node:crypto'
import type { Key, Source } from '../../core/catalog.ts'
import type { IncomingEvent } from '../../core/event.ts'
import type { Scope } from '../../core/scopes.ts'
import { check } from '../../core/schema.ts'
import { wholeShare } from '../../core/share.ts'
import { SourceSpec } from '../../core/source-spec.ts'
import type { Fate } from '../../engine/commit-events.ts'
import { indexCatalog } from '../../engine/live-catalog.ts'
import { readCloudEvents } from '../../sources/cloudevents.ts'
import { answerHandshake } from '../../sources/handshake.ts'
import { verifyRequest } from '../../sources/verify.ts'
import { readWebhook } from '../../sources/webhook.ts'
import type { HubContext } from '../context.ts'
import { fakeHub } from '../testing.ts'

export interface Accepted {
  readonly source: string
  readonly event: IncomingEvent
}

export const keyOf = (source: string): string => `hub_key-of-${source}`

/** A hub with these sources, a key for each, real readers, and a commit that only remembers. */
export function ingestHub(
  specs: Readonly<Record<string, object>>,
  parts: Partial<HubContext> = {},
): { readonly hub: HubContext; readonly accepted: Accepted[] } {
  const accepted: Accepted[] = []
  const sources = Object.entries(specs).map(([name, spec], index) => makeSource(index + 1, name, spec))
  const keys = sources.map((source) => makeKey(source.id, keyOf(source.name), source.id))
  keys.push(makeKey(100, keyOf('viewer'), null, ['events:read']))
  const hub = fakeHub({
    catalog: {
      current: indexCatalog({ version: 1, sources, integrations: [], keys }),
      refresh: () => Promise.resolve(),
    },
    receiving: { verify: verifyRequest, readCloudEvents, readWebhook, answerHandshake },
    ingest: {
      share: wholeShare,
      accept: (source, events) => {
        accepted.push(...events.map((event) => ({ source: source.name, event })))
        return Promise.resolve(events.map(fateOf))
      },
    },
    ...parts,
  })
  return { hub, accepted }
}

/** Whoever asks for a duplicate by its idempotency key gets one. */
function fateOf({ idempotencyKey }: IncomingEvent): Fate {
  const eventId = '01990000-0000-7000-8000-000000000001'
  if (idempotencyKey === 'seen before') return { kind: 'duplicate', eventId }
  return { kind: 'accepted', eventId, deliveries: 2 }
}

function makeSource(id: number, name: string, spec: object): Source {
  const checked = check(SourceSpec, spec)
  if (!checked.ok) throw new Error(JSON.stringify(checked.errors))
  return { id, name, revision: 1, spec: checked.value }
}

function makeKey(id: number, key: string, sourceId: number | null, scopes: Scope[] = ['events:send']): Key {
  return { id, name: `key ${id}`, hash: hash('sha256', key, 'hex'), scopes, sourceId, expiresAt: null }
}
