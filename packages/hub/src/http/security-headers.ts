import type { App } from './app.ts'
import type { HttpSettings } from './context.ts'

/** Answers are data: no browser may run, frame, sniff or keep them. Pages that are more override what they must. */
const always = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

export function addSecurityHeaders(app: App, { publicUrl }: HttpSettings): void {
  const isHttps = publicUrl?.startsWith('https:') ?? false
  const headers = isHttps ? { ...always, 'strict-transport-security': 'max-age=31536000' } : always
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}
