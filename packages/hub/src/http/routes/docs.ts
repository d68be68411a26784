import { readFileSync } from 'node:fs'
import type { App } from '../app.ts'
import type { HttpSettings } from '../context.ts'
import type { DescribedRoute } from '../openapi/described-routes.ts'
import { openApiDocument, type OpenApiDocument } from '../openapi/document.ts'
import { referencePage } from '../openapi/reference-page.ts'

const pagePolicy =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The API described: for machines, and as a page that works without a key, without scripts and offline. */
export function docs(app: App, settings: HttpSettings, routes: readonly DescribedRoute[]): void {
  let made: OpenApiDocument | null = null
  // Not before the first request: by then every route is known.
  const document = (): OpenApiDocument =>
    (made ??= openApiDocument(routes, { version: settings.version, serverUrl: settings.publicUrl }))
  const style = readFileSync(new URL('../openapi/reference.css', import.meta.url), 'utf8')

  app.get(
    '/openapi.json',
    {
      config: { access: 'any' },
      schema: { tags: ['operating'], summary: 'This description, as OpenAPI 3.1', response: { 200: {} } },
    },
    () => document(),
  )
  app.get('/docs/openapi.json', { config: { access: 'open' } }, () => document())
  app.get('/docs/reference.css', { config: { access: 'open' } }, async (_request, reply) =>
    reply.header('content-type', 'text/css; charset=utf-8').send(style),
  )
  app.get('/docs', { config: { access: 'open' } }, async (_request, reply) =>
    reply
      .header('content-type', 'text/html; charset=utf-8')
      .header('content-security-policy', pagePolicy)
      .send(referencePage(document())),
  )
}
