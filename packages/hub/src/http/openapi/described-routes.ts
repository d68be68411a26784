import type { FastifySchema } from 'fastify'
import type { Scope } from '../../core/scopes.ts'
import type { App } from '../app.ts'

declare module 'fastify' {
  interface FastifySchema {
    tags?: readonly string[]
    summary?: string
    description?: string
    /** Content types other than JSON. */
    consumes?: readonly string[]
    produces?: readonly string[]
    /** Ways to prove who sends, when they are others than a key in `Authorization`. */
    security?: readonly Readonly<Record<string, readonly string[]>>[]
  }
}

/** A route as it was registered, with what its schema says for people. */
export interface DescribedRoute {
  readonly method: string
  readonly url: string
  readonly access: Scope | 'any' | 'open' | 'own'
  readonly schema: FastifySchema
}

/** Notes every route that is registered from here on; one without a schema is a page or a file and no part of the API. */
export function describeRoutes(app: App): readonly DescribedRoute[] {
  const routes: DescribedRoute[] = []
  app.addHook('onRoute', ({ method, url, config, schema }) => {
    if (!schema) return
    // HEAD comes with every GET and says nothing of its own.
    const methods = [method].flat().filter((name) => name !== 'HEAD')
    routes.push(...methods.map((name) => ({ method: name, url, access: config?.access ?? 'own', schema })))
  })
  return routes
}
