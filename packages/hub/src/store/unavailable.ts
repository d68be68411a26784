import { NoAnswerError } from './client.ts'
import { CommitUnknownError, NotSentError } from './database.ts'

/** Classes and codes of SQLSTATE that say "not now": connection, resources, intervention, conflicts of transactions. */
const serverCodes = /^(08|53|57|40)|^55P03$/
const socketCodes = /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_)/
/** What node-postgres says without a code. */
const driverMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/

const unanswered = [CommitUnknownError, NotSentError, NoAnswerError]

/** Whether the store could not be asked or could not do it now, and the same request may succeed later. */
export function isStoreUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (unanswered.some((kind) => error instanceof kind)) return true
  const { code } = error as { code?: unknown }
  if (typeof code === 'string') return serverCodes.test(code) || socketCodes.test(code)
  if (error instanceof AggregateError) return error.errors.some(isStoreUnavailable)
  return driverMessages.test(error.message)
}
