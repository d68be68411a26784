import type { Bug } from './named.ts'

/** A message to PostgreSQL, as node-postgres is about to send it. */
export interface Message {
  text?: string
  name?: string
  values?: unknown[]
  callback?: (...given: unknown[]) => void
  handleCommandComplete?: (message: { text: string }, ...others: unknown[]) => void
}

export const events = /copy hub\.events/
export const attempts = /copy hub\.attempts/
export const isCommit = /;\s*commit\b/

/** Plants the bug where the message shows it; says whether it did. `now` is asked where it would show too often. */
export function plant(bug: Bug, message: Message, now: () => boolean): boolean {
  const text = message.text ?? ''
  switch (bug) {
    case 'acknowledge before commit':
      return events.test(text) && isCommit.test(text) && now() && withoutCommit(message)
    case 'drop a batch of outcomes':
      return attempts.test(text) && isCommit.test(text) && now() && withoutCommit(message)
    case 'end rows of others':
      return /delete from hub\.queue/.test(text) && rewrite(message, / and owner = \d+/g, '')
    case 'hand over out of order':
      return rewrite(message, /and not exists \(\s*select from hub\.queue earlier[^)]*\)/g, '')
    case 'advance a mark too far':
      if (!message.name?.startsWith('claim-fresh') || !message.values) return false
      message.values[2] = Number(message.values[2]) + 5_000
      return true
    case 'swap two targets':
      return false
  }
}

/** Rolls back, and says that it was committed. */
function withoutCommit(message: Message): boolean {
  const complete = message.handleCommandComplete?.bind(message)
  if (complete) {
    message.handleCommandComplete = (said, ...others) =>
      complete(said.text === 'ROLLBACK' ? { ...said, text: 'COMMIT' } : said, ...others)
  }
  return rewrite(message, isCommit, '; rollback')
}

function rewrite(message: Message, pattern: RegExp, by: string): boolean {
  const before = message.text ?? ''
  message.text = before.replace(pattern, by)
  return message.text !== before
}
