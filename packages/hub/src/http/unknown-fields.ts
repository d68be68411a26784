import { closed } from '../core/schema.ts'
import type { App } from './app.ts'

const none = closed({}, { default: {} })
const withoutBody = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * A route of the API that describes no query, or no body, takes none: what it would ignore is refused. Said after the
 * routes are described, because of what is not there nothing is told.
 */
export function refuseUnknownFields(app: App): void {
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/v1/')) return
    const takesBody = ![route.method].flat().every((method) => withoutBody.has(method))
    route.schema = { querystring: none, ...(takesBody && { body: none }), ...route.schema }
  })
}
