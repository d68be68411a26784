import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Key } from '../core/catalog.ts'
import { Problem } from '../core/problems.ts'
import { TokenBucket } from '../core/rate.ts'
import { allScopes, isScope, type Scope } from '../core/scopes.ts'
import type { App } from './app.ts'
import type { HubContext } from './context.ts'

/** Who sends a request, and what they may do. */
export interface Principal {
  /** How the audit log names them. */
  readonly actor: string
  readonly scopes: ReadonlySet<Scope>
  /** The only source whose events they may send; null: any. */
  readonly sourceId: number | null
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * The right that the route needs. `any`: none but a valid key. `open`: not even that. `own`: the route decides by
     * itself.
     */
    access?: Scope | 'any' | 'open' | 'own'
  }
  interface FastifyRequest {
    /** Set on every route that needs a right. */
    principal: Principal | null
  }
}

const bearer = /^Bearer +(\S+) *$/i

export function presentedKey(request: FastifyRequest): string | null {
  return bearer.exec(request.headers.authorization ?? '')?.[1] ?? null
}

const mostIdentified = 1_000

export type Authenticate = (key: string) => Principal | null

/** Knows the keys of the catalog and the admin key that the hub runs with. */
export function authenticator(hub: HubContext): Authenticate {
  const adminHash = hash('sha256', hub.settings.adminKey, 'buffer')
  const admin: Principal = { actor: 'admin', scopes: new Set(allScopes), sourceId: null }
  const principals = new WeakMap<Key, Principal>()
  const identify = (presented: string): Principal | Key | null => {
    const presentedHash = hash('sha256', presented, 'buffer')
    if (timingSafeEqual(presentedHash, adminHash)) return admin
    const key = hub.catalog.current.keyByHash.get(presentedHash.toString('hex'))
    return key && timingSafeEqual(Buffer.from(key.hash, 'hex'), presentedHash) ? key : null
  }
  // A sender presents the same key with every event: what it is need not be computed anew each time.
  let identified = new Map<string, Principal | Key>()
  let identifiedIn = hub.catalog.current
  return (presented) => {
    if (identifiedIn !== hub.catalog.current || identified.size > mostIdentified) {
      identified = new Map()
      identifiedIn = hub.catalog.current
    }
    const key = identified.get(presented) ?? identify(presented)
    if (!key) return null
    identified.set(presented, key)
    if ('actor' in key) return key
    if (key.expiresAt && key.expiresAt <= hub.now()) return null
    hub.keyUse.seen(key.id)
    const principal = principals.get(key) ?? principalOf(key)
    principals.set(key, principal)
    return principal
  }
}

function principalOf(key: Key): Principal {
  return {
    actor: `key:${key.name}`,
    scopes: new Set(key.scopes.filter(isScope)),
    sourceId: key.sourceId,
  }
}

/** Every route says what it needs, or the hub does not start: a forgotten one must not be an open one. */
export function guardRoutes(app: App, hub: HubContext): void {
  const authenticate = authenticator(hub)
  const demandPace = paceKeeper(hub.now)
  app.decorateRequest('principal', null)
  app.addHook('onRoute', (route) => {
    if (!route.config?.access)
      throw new Error(`${String(route.method)} ${route.url} does not say who may call it`)
  })
  app.addHook('onRequest', (request, _reply, done) => {
    const access = request.routeOptions.config.access
    if (access === undefined || access === 'open' || access === 'own') return done()
    const presented = presentedKey(request)
    const principal = presented === null ? null : authenticate(presented)
    if (!principal) return done(unauthorized())
    if (access !== 'any' && !principal.scopes.has(access)) return done(forbidden(access))
    demandPace(principal)
    request.principal = principal
    done()
  })
}

/** Far above what people and scripts need; below what would keep the hub from its work. Events have limits of their own. */
const pace = { perSecond: 1_000, burst: 2_000 }

function paceKeeper(now: () => Date): (principal: Principal) => void {
  const buckets = new WeakMap<Principal, TokenBucket>()
  return (principal) => {
    const nowMs = now().getTime()
    const bucket = buckets.get(principal) ?? new TokenBucket(pace, nowMs)
    buckets.set(principal, bucket)
    if (bucket.take(nowMs)) return
    throw new Problem('rate_limited', 'This key asks too often; wait a second.', { retryAfterSeconds: 1 })
  }
}

export function unauthorized(): Problem {
  return new Problem('unauthorized', 'Send a valid key as `Authorization: Bearer <key>`.')
}

export function forbidden(scope: Scope): Problem {
  return new Problem('forbidden', `This needs a key with the scope ${scope}.`)
}

/** The principal of a request on a guarded route. */
export function principalOfRequest(request: FastifyRequest): Principal {
  if (!request.principal) throw new Error('the route is not guarded')
  return request.principal
}
