import type { LoadReport } from './load/plan.ts'
import type { SinkReport } from './sink/main.ts'

/**
 * What was accepted came, each event once: else the figures are worth nothing. What was refused, or not answered, may
 * have come or not.
 */
export function verifyArrivals(load: LoadReport, sink: SinkReport): void {
  let lost = 0
  for (const [index, latencyUs] of load.latenciesUs.entries())
    if (latencyUs !== 0 && !sink.latenciesUs[index]) lost++
  const faults = Object.entries({ lost, duplicates: sink.duplicates, strays: sink.strays })
  const found = faults.filter(([, count]) => count > 0).map(([name, count]) => `${count} ${name}`)
  if (found.length > 0) throw new Error(`of ${load.accepted} accepted events: ${found.join(', ')}`)
}

/** What was accepted is in the store, and nothing that was not sent. */
export function verifyKept(load: LoadReport, kept: number): void {
  const sent = load.latenciesUs.length
  if (kept >= load.accepted && kept <= sent) return
  throw new Error(`of ${sent} events ${load.accepted} were accepted and ${kept} are kept`)
}
