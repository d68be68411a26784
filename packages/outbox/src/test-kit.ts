import type { DomainEvent } from './core/event.ts'
import type { Database } from './database.ts'
import { toEvent } from './store/events.ts'
import { openSession } from './store/session.ts'
import { passTime, readPublished } from './store/virtual-time.ts'

/** What tests of applications need beside the outbox itself. */
export interface TestKit {
  /** The events that were committed since the kit was made, or since the last `forget`, in the order of writing. */
  published(): Promise<DomainEvent[]>
  /** Lets what was published so far count no more. */
  forget(): Promise<void>
  /** Lets so much time pass for everything that is stored: what is due by then is due now. */
  passTime(elapsedMs: number): Promise<void>
}

/** Works on the tables of an outbox with this `db` and `schema`, after `migrate()`. For tests only. */
export async function createTestKit<Tx>(
  db: Database<Tx>,
  { schema = 'integration' }: { readonly schema?: string | undefined } = {},
): Promise<TestKit> {
  const session = openSession(db, schema)
  let afterSeq = 0
  const forget = async () => {
    afterSeq = (await readPublished(session, afterSeq)).at(-1)?.seq ?? afterSeq
  }
  await forget()
  return {
    published: async () => (await readPublished(session, afterSeq)).map(toEvent),
    forget,
    passTime: (elapsedMs) => passTime(session, elapsedMs),
  }
}
