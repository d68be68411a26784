import { Pool, type buildConnector } from 'undici'
import type { AddressPolicy } from '../core/address.ts'
import { Deadlines } from '../core/deadlines.ts'
import type { Outcome } from '../core/outcome.ts'
import { createConnector, type Lookup, type Trust } from './connector.ts'
import { HttpExchange, type Beginning, type ExchangeRules } from './exchange.ts'
import type { OutgoingRequest } from './request.ts'

/** Sends a request and settles once, whatever happens. */
export type Send = (
  request: OutgoingRequest,
  began: Beginning,
  signal: AbortSignal,
  settle: (outcome: Outcome) => void,
) => void

/** The connections to one origin. All that leaves the hub for targets goes through one of these. */
export interface HttpClient {
  readonly send: Send
  /** What is in flight is cut off. */
  close(): Promise<void>
}

export interface ClientOptions {
  readonly connections: number
  readonly addresses: AddressPolicy
  readonly lookup: Lookup
  readonly trust: Trust
  readonly rules: ExchangeRules
}

export function openClient(origin: string, options: ClientOptions): HttpClient {
  const { connections, addresses, lookup, trust, rules } = options
  const connector = createConnector(addresses, rules.timeoutMs, lookup, trust)
  const pool = openPool(origin, connections, connector.connect)
  const flightsOf = flightsBySignal()
  return {
    send(request, began, signal, settle) {
      pool.dispatch(request, new HttpExchange(rules, began, flightsOf(signal), settle))
    },
    async close() {
      await pool.destroy()
      connector.close()
    },
  }
}

/** One listener for all exchanges that a signal cuts off: one each cost more than a timer. */
function flightsBySignal(): (signal: AbortSignal) => Deadlines<HttpExchange> {
  const known = new WeakMap<AbortSignal, Deadlines<HttpExchange>>()
  return (signal) => {
    let flights = known.get(signal)
    if (flights) return flights
    flights = new Deadlines()
    known.set(signal, flights)
    const all = flights
    signal.addEventListener('abort', () => all.all().forEach((exchange) => exchange.abort()))
    return flights
  }
}

/**
 * A request that goes out just as the target closes its connection is lost, a `reset` to be tried again. To make that
 * rare, an idle connection ends 2 s before the target's `keep-alive` hint, and after 4 s without one.
 */
function openPool(origin: string, connections: number, connect: buildConnector.connector): Pool {
  return new Pool(origin, {
    connections,
    connect,
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: 16_384,
    keepAliveTimeout: 4_000,
    keepAliveTimeoutThreshold: 2_000,
    keepAliveMaxTimeout: 60_000,
    // Each exchange has one deadline of its own for everything.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}
