import type { Logger } from 'pino'
import type { App } from './app.ts'

/** One line for each request, without its query: keys and tokens of senders stand there. */
export function logRequests(app: App, logger: Logger): void {
  if (!logger.isLevelEnabled('debug')) return
  app.addHook('onResponse', (request, reply, done) => {
    logger.debug(
      {
        method: request.method,
        path: request.url.split('?', 1)[0],
        route: request.routeOptions.url,
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime),
        actor: request.principal?.actor,
        address: request.ip,
      },
      'request',
    )
    done()
  })
}
