import type { App } from './app.ts'

const graceMs = 5_000

/** Requests under way are answered when the hub stops, but whoever drips in a body does not hold up the stop. */
export function boundClosing(app: App): void {
  app.addHook('preClose', (done) => {
    const cutting = setTimeout(() => app.server.closeAllConnections(), graceMs)
    app.server.once('close', () => clearTimeout(cutting))
    done()
  })
}
