import type { Integration } from '../core/catalog.ts'
import type { HttpTarget } from '../core/integration-spec.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Result } from '../core/template.ts'
import { compileJudge } from './answer.ts'
import { authorise } from './authorised.ts'
import { openClient, type ClientOptions, type HttpClient } from './client.ts'
import { contractGuard, type Guard } from './contract-guard.ts'
import { systemLookup, type Lookup } from './connector.ts'
import { beginNow, type Beginning } from './exchange.ts'
import { planProbe } from './probe.ts'
import { misconfigured, stopped, unusableTarget } from './not-sent.ts'
import { planRequests, type OutgoingRequest, type RequestPlan } from './request.ts'
import type { Delivery, Exchange, ObservableTarget, TargetDeps } from './target.ts'
import { openTokenEndpoint } from './token-endpoint.ts'
import { trustOf } from './trust.ts'

export function createHttpTarget(
  integration: Integration,
  spec: HttpTarget,
  deps: TargetDeps,
  lookup: Lookup = systemLookup,
): ObservableTarget {
  const plan = planRequests(spec, integration.signing, deps.version)
  if (!plan.ok) return unusableTarget(plan.message, deps.now)
  const client = connect(plan.value.origin, integration, spec, { ...deps, lookup })
  if (!client.ok) return unusableTarget(client.message, deps.now)
  const guard = spec.openapi === undefined ? null : contractGuard(spec.openapi)
  const probe = planProbe(integration, spec, plan.value.origin, deps.version)
  if (!probe) return new HttpEndpoint(plan.value, client.value, guard, null, deps.now)
  const probing = connect(probe.origin, withOneConnection(integration), probe.spec, { ...deps, lookup })
  if (!probing.ok) return unusableTarget(probing.message, deps.now)
  return new HttpEndpoint(
    plan.value,
    client.value,
    guard,
    { request: probe.request, client: probing.value },
    deps.now,
  )
}

function withOneConnection(integration: Integration): Integration {
  return { ...integration, spec: { ...integration.spec, concurrency: 1 } }
}

function connect(
  origin: string,
  { spec: { concurrency } }: Integration,
  spec: HttpTarget,
  deps: TargetDeps & Pick<ClientOptions, 'lookup'>,
): Result<HttpClient> {
  const trust = trustOf(spec)
  if (!trust.ok) return trust
  const { timeoutMs } = spec
  const keptBytes = { ofSuccess: 256, ofFailure: 1_024 }
  const rules = { host: new URL(origin).host, timeoutMs, judge: compileJudge(spec), now: deps.now, keptBytes }
  const options = { connections: concurrency, addresses: deps.addresses, lookup: deps.lookup, rules }
  const client = openClient(origin, { ...options, trust: trust.value })
  if (spec.auth.kind !== 'oauth2-client-credentials') return { ok: true, value: client }
  const endpoint = openTokenEndpoint(spec.auth, spec, deps)
  return endpoint.ok ? { ok: true, value: authorise(client, endpoint.value, timeoutMs) } : endpoint
}

interface Probing {
  readonly request: OutgoingRequest
  readonly client: HttpClient
}

class HttpEndpoint implements ObservableTarget {
  readonly batch = 1
  readonly #plan: RequestPlan
  readonly #client: HttpClient
  readonly #guard: Guard | null
  readonly #probing: Probing | null
  readonly #now: () => Date
  readonly #idle = Promise.withResolvers<void>()
  #inFlight = 0
  #closing: Promise<void> | null = null

  constructor(
    plan: RequestPlan,
    client: HttpClient,
    guard: Guard | null,
    probing: Probing | null,
    now: () => Date,
  ) {
    this.#plan = plan
    this.#client = client
    this.#guard = guard
    this.#probing = probing
    this.#now = now
  }

  deliver(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly Outcome[]> {
    return Promise.all(
      deliveries.map((delivery) => {
        const began = beginNow(this.#now(), delivery.mayGo)
        return this.#send(this.#plan.build(delivery, began.at), began, signal)
      }),
    )
  }

  async exchange(delivery: Delivery, signal: AbortSignal): Promise<Exchange> {
    const began = beginNow(this.#now())
    const request = this.#plan.build(delivery, began.at)
    const outcome = await this.#send(request, began, signal)
    return { request: request.ok ? this.#plan.show(request.value) : null, outcome }
  }

  get probe(): ((signal: AbortSignal) => Promise<Outcome>) | undefined {
    const probing = this.#probing
    if (!probing) return undefined
    return (signal) =>
      new Promise((resolve) => {
        const began = beginNow(this.#now())
        if (this.#closing || signal.aborted) return resolve(stopped(began.at))
        probing.client.send(probing.request, began, signal, resolve)
      })
  }

  close(): Promise<void> {
    if (this.#inFlight === 0) this.#idle.resolve()
    return (this.#closing ??= this.#disconnect())
  }

  async #disconnect(): Promise<void> {
    // A probe settles nothing that anybody waits for.
    await Promise.all([this.#probing?.client.close(), this.#idle.promise.then(() => this.#client.close())])
  }

  #send(request: Result<OutgoingRequest>, began: Beginning, signal: AbortSignal): Promise<Outcome> {
    if (!request.ok) return Promise.resolve(misconfigured(request.message, began.at))
    if (this.#closing || signal.aborted) return Promise.resolve(stopped(began.at))
    const refusal = this.#guard?.(request.value, began.at) ?? null
    if (refusal) return Promise.resolve(refusal)
    this.#inFlight += 1
    return new Promise((resolve) => {
      this.#client.send(request.value, began, signal, (outcome) => {
        this.#inFlight -= 1
        if (this.#closing && this.#inFlight === 0) this.#idle.resolve()
        resolve(outcome)
      })
    })
  }
}
