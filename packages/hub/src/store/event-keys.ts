import type { Client } from './database.ts'

export interface EventKey {
  readonly keyHash: string
  readonly eventId: string
  readonly bodyHash: string
}

/**
 * Claims idempotency keys for new events and returns, by key, the events that had them before. Sorted: two nodes that
 * take the same keys in different orders would deadlock. The losers are read in a new statement, because only its
 * snapshot sees a winner that committed meanwhile.
 */
export async function claimEventKeys(
  client: Client,
  keys: readonly EventKey[],
): Promise<ReadonlyMap<string, EventKey>> {
  if (keys.length === 0) return new Map()
  const sorted = keys.toSorted((a, b) => (a.keyHash < b.keyHash ? -1 : 1))
  const inserted = await client.query<{ key_hash: string }>({
    name: 'claim-event-keys',
    text: `
      insert into hub.event_keys (key_hash, event_id, body_hash)
      select * from unnest($1::uuid[], $2::uuid[], $3::uuid[])
      on conflict do nothing
      returning key_hash`,
    values: [
      sorted.map((key) => key.keyHash),
      sorted.map((key) => key.eventId),
      sorted.map((key) => key.bodyHash),
    ],
  })
  if (inserted.rows.length === keys.length) return new Map()
  const won = new Set(inserted.rows.map((row) => row.key_hash))
  const lost = sorted.filter((key) => !won.has(key.keyHash)).map((key) => key.keyHash)
  const winners = await client.query<{ key_hash: string; event_id: string; body_hash: string }>(
    'select key_hash, event_id, body_hash from hub.event_keys where key_hash = any($1::uuid[])',
    [lost],
  )
  return new Map(
    winners.rows.map((row) => [
      row.key_hash,
      { keyHash: row.key_hash, eventId: row.event_id, bodyHash: row.body_hash },
    ]),
  )
}
