import type { App } from './app.ts'

const methods = 'GET, POST, PUT, DELETE'
const readable = 'etag, retry-after, allow'
const preflightSeconds = 600

/** Lets web pages of these origins call the API. They send keys by header, so no credentials of the browser are allowed. */
export function allowOrigins(app: App, origins: readonly string[]): void {
  if (origins.length === 0) return
  const allowed = new Set(origins.map((origin) => origin.toLowerCase()))
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    reply.header('vary', 'origin')
    if (origin === undefined || !allowed.has(origin.toLowerCase())) return done()
    reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', readable)
    const isPreflight = request.headers['access-control-request-method'] !== undefined
    if (request.method !== 'OPTIONS' || !isPreflight) return done()
    void reply
      .code(204)
      .header('access-control-allow-methods', methods)
      .header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '')
      .header('access-control-max-age', preflightSeconds)
      .send()
  })
}
