import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendAttempts } from '../../../packages/hub/src/store/attempts.ts'
import { claimFreshRows } from '../../../packages/hub/src/store/claims.ts'
import type { Client } from '../../../packages/hub/src/store/database.ts'
import { insertEvents } from '../../../packages/hub/src/store/events.ts'
import { endRows } from '../../../packages/hub/src/store/queue.ts'
import { bugs, type Bug } from './named.ts'
import { plant, type Message } from './plants.ts'

/** A message of the hub as it is now in which each bug shows; the last one is planted among the requests. */
const messages: Record<Exclude<Bug, 'swap two targets'>, () => Message | Promise<Message>> = {
  'acknowledge before commit': () => committed(insertEvents([]).sql),
  'drop a batch of outcomes': () => committed(appendAttempts([]).sql),
  'end rows of others': () => ({ text: endRows([{ integrationId: 1, seq: 2 }], 7).sql }),
  'hand over out of order': () => claim('subject'),
  'advance a mark too far': () => claim('none'),
}

function committed(sql: string): Message {
  return { text: `${sql};\ncommit;\nbegin` }
}

/** What the hub asks when it claims. */
async function claim(ordering: 'none' | 'subject'): Promise<Message> {
  const asked: Message[] = []
  const client = {
    query: (message: Message) => {
      asked.push(message)
      return Promise.resolve({ rows: [] })
    },
  }
  const request = { integrationId: 1, ordering, owner: 7, mark: 0, limit: 10 }
  await claimFreshRows(client as unknown as Client, request)
  const last = asked.at(-1)
  assert.ok(last)
  return last
}

// Seen to fail with: the patterns of two bugs as they were before the statements of the hub became others, so that the
// auditor was asked to find what was not there.
test('every bug is still planted in what the hub says to PostgreSQL', async () => {
  for (const bug of bugs) {
    if (bug === 'swap two targets') continue
    const message = await messages[bug]()
    const before = structuredClone({ text: message.text, values: message.values })
    assert.equal(
      plant(bug, message, () => true),
      true,
      bug,
    )
    assert.notDeepEqual({ text: message.text, values: message.values }, before, bug)
  }
})

test('what was rolled back is taken for committed', () => {
  const told: string[] = []
  const message: Message = {
    ...committed(insertEvents([]).sql),
    handleCommandComplete: ({ text }) => void told.push(text),
  }
  plant('acknowledge before commit', message, () => true)
  for (const text of ['COPY 3', 'ROLLBACK', 'BEGIN']) message.handleCommandComplete?.({ text })
  assert.deepEqual(told, ['COPY 3', 'COMMIT', 'BEGIN'])
})
