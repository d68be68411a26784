/**
 * Loaded into a hub before it (`node --import`), and into no hub that anybody uses: kills it at a named point, or plants
 * a bug that the auditor must find. It sees what the hub says to PostgreSQL and to the targets, so the hub itself needs
 * no such points.
 */
import diagnostics from 'node:diagnostics_channel'
import pg from 'pg'
import { Pool } from 'undici'
import type { Bug, Failpoint } from './named.ts'
import { attempts, events, isCommit, plant, type Message } from './plants.ts'

const failpoint = process.env['CHAOS_FAILPOINT'] as Failpoint | undefined
const bug = process.env['CHAOS_BUG'] as Bug | undefined
/** So often the point is passed before it kills, so that there is something to lose. */
let passesLeft = Number(process.env['CHAOS_PASSES'] ?? 0)

function die(point: Failpoint): void {
  if (point === failpoint && passesLeft-- <= 0) process.kill(process.pid, 'SIGKILL')
}

const prototype = pg.Client.prototype as unknown as { query: (...given: unknown[]) => unknown }
const query = prototype.query
prototype.query = function (this: unknown, first: unknown, ...others: unknown[]): unknown {
  if (typeof first === 'object' && first !== null) watch(first)
  return query.call(this, first, ...others)
}

function watch(statement: Message): void {
  const text = statement.text ?? ''
  if (events.test(text)) die('before the events are copied')
  if (attempts.test(text)) die('before the outcomes are written')
  const point = events.test(text)
    ? ('after the events are committed' as const)
    : attempts.test(text)
      ? ('after the outcomes are committed' as const)
      : null
  const { callback } = statement
  if (point && callback && isCommit.test(text)) {
    statement.callback = (...given) => {
      die(point)
      callback(...given)
    }
  }
  if (bug) plant(bug, statement, nowAndThen)
}

let chances = 0
const nowAndThen = (): boolean => ++chances % 20 === 0

const pool: Pick<Pool, 'dispatch'> = Pool.prototype
const dispatch: (this: Pool, ...given: Parameters<Pool['dispatch']>) => boolean = pool['dispatch']
pool.dispatch = function (this: Pool, options, handler) {
  const isSwapped = bug === 'swap two targets' && nowAndThen()
  const path = isSwapped
    ? options.path.replace(/billing|gate/, (name) => (name === 'gate' ? 'billing' : 'gate'))
    : options.path
  return dispatch.call(this, { ...options, path }, handler)
}

diagnostics.subscribe('undici:request:create', () => die('before a request'))
diagnostics.subscribe('undici:client:sendHeaders', () => die('while a request is sent'))
diagnostics.subscribe('undici:request:headers', () => die('after an answer, before its outcome'))
