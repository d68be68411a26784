import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Fact, OutboxSubject } from './subject.ts'

const pollMs = 100

/** What is usually written by hand: fetch one, lock one, mark one. */
export function perEventSubject(pool: pg.Pool): OutboxSubject {
  let loop: Promise<void> = Promise.resolve()
  const running = { yes: false }
  return {
    name: 'per event, by hand',
    prepare: async () => {
      await pool.query(`create table by_hand (id bigint generated always as identity primary key, payload jsonb not null,
        status text not null default 'pending', processed_at timestamptz)`)
      await pool.query(`create index by_hand_pending on by_hand (id) where status = 'pending'`)
    },
    enqueue: async (tx, fact) => {
      await tx.query('insert into by_hand (payload) values ($1)', [JSON.stringify(fact)])
    },
    start: async (handler) => {
      running.yes = true
      loop = (async () => {
        while (running.yes) if (!(await handleOne(pool, handler))) await sleep(pollMs)
      })()
    },
    stop: async () => {
      running.yes = false
      await loop
    },
  }
}

async function handleOne(pool: pg.Pool, handler: (fact: Fact) => void): Promise<boolean> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const { rows } = await client.query<{ id: string; payload: Fact }>(
      `select id, payload from by_hand where status = 'pending' order by id limit 1 for update skip locked`,
    )
    const [row] = rows
    if (row) {
      handler(row.payload)
      await client.query(`update by_hand set status = 'processed', processed_at = now() where id = $1`, [
        row.id,
      ])
    }
    await client.query('commit')
    return row !== undefined
  } finally {
    client.release()
  }
}
