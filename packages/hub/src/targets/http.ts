import { Pool } from 'undici'
import type { Integration } from '../core/catalog.ts'
import type { HttpTarget } from '../core/integration-spec.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Result } from '../core/template.ts'
import { compileJudge } from './answer.ts'
import { createConnector, systemLookup, type Connector, type Lookup } from './connector.ts'
import { HttpExchange, type ExchangeRules } from './exchange.ts'
import { misconfigured, stopped, unusableTarget } from './not-sent.ts'
import { planRequests, showRequest, type OutgoingRequest, type RequestPlan } from './request.ts'
import type { Delivery, Exchange, ObservableTarget, TargetDeps } from './target.ts'
import { trustOf } from './trust.ts'

export function createHttpTarget(
  integration: Integration,
  spec: HttpTarget,
  deps: TargetDeps,
  lookup: Lookup = systemLookup,
): ObservableTarget {
  const planned = planRequests(spec, integration.signing, deps.version)
  if (!planned.ok) return unusableTarget(planned.message, deps.now)
  const plan = planned.value
  const trust = trustOf(spec)
  if (!trust.ok) return unusableTarget(trust.message, deps.now)
  const connector = createConnector(deps.addresses, spec.timeoutMs, lookup, trust.value)
  const pool = openPool(plan.origin, integration.spec.concurrency, connector)
  const host = new URL(plan.origin).host
  const judge = compileJudge(spec)
  return new HttpEndpoint(plan, pool, connector, { host, timeoutMs: spec.timeoutMs, judge, now: deps.now })
}

/**
 * A request that goes out just as the target closes its connection is lost, a `reset` to be tried again. To make that
 * rare, an idle connection ends 2 s before the target's `keep-alive` hint, and after 4 s without one.
 */
function openPool(origin: string, connections: number, connector: Connector): Pool {
  return new Pool(origin, {
    connections,
    connect: connector.connect,
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

class HttpEndpoint implements ObservableTarget {
  readonly batch = 1
  readonly #plan: RequestPlan
  readonly #pool: Pool
  readonly #connector: Connector
  readonly #rules: ExchangeRules
  readonly #idle = Promise.withResolvers<void>()
  #inFlight = 0
  #closing: Promise<void> | null = null

  constructor(plan: RequestPlan, pool: Pool, connector: Connector, rules: ExchangeRules) {
    this.#plan = plan
    this.#pool = pool
    this.#connector = connector
    this.#rules = rules
  }

  deliver(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly Outcome[]> {
    return Promise.all(
      deliveries.map((delivery) => {
        const startedAt = this.#rules.now()
        return this.#send(this.#plan.build(delivery, startedAt), startedAt, signal)
      }),
    )
  }

  async exchange(delivery: Delivery, signal: AbortSignal): Promise<Exchange> {
    const startedAt = this.#rules.now()
    const request = this.#plan.build(delivery, startedAt)
    const outcome = await this.#send(request, startedAt, signal)
    return { request: request.ok ? showRequest(this.#plan.origin, request.value) : null, outcome }
  }

  close(): Promise<void> {
    if (this.#inFlight === 0) this.#idle.resolve()
    return (this.#closing ??= this.#idle.promise
      .then(() => this.#pool.destroy())
      .then(() => this.#connector.close()))
  }

  #send(request: Result<OutgoingRequest>, startedAt: Date, signal: AbortSignal): Promise<Outcome> {
    if (!request.ok) return Promise.resolve(misconfigured(request.message, startedAt))
    if (this.#closing || signal.aborted) return Promise.resolve(stopped(startedAt))
    this.#inFlight += 1
    return new Promise((resolve) => {
      const exchange = new HttpExchange(this.#rules, startedAt, signal, (outcome) => {
        this.#inFlight -= 1
        if (this.#closing && this.#inFlight === 0) this.#idle.resolve()
        resolve(outcome)
      })
      this.#pool.dispatch(request.value, exchange)
    })
  }
}
