import type { Integration } from './catalog.ts'
import { burstOf } from './rate.ts'
import type { RateLimit } from './source-spec.ts'

/** A node's place among the nodes that are alive: limits are divided by it. */
export interface Share {
  readonly index: number
  readonly count: number
}

export const wholeShare: Share = { index: 0, count: 1 }

/** Integrations begin with different nodes, so that not one node gets what cannot be divided of all of them. */
function turnOf({ index, count }: Share, integrationId: number): number {
  return (index + integrationId) % count
}

/** One node probes an open circuit for all. */
export function isProber(share: Share, integrationId: number): boolean {
  return turnOf(share, integrationId) === 0
}

/**
 * The integration as this node has to run it: of its concurrency and its rate the node's part. The parts of all nodes
 * add up to the whole; a node for which nothing is left leaves its deliveries to the others.
 */
export function partOf(integration: Integration, share: Share): Integration {
  if (share.count === 1) return integration
  const { spec } = integration
  const turn = turnOf(share, integration.id)
  const concurrency =
    Math.floor(spec.concurrency / share.count) + (turn < spec.concurrency % share.count ? 1 : 0)
  if (concurrency === 0) return { ...integration, spec: { ...spec, paused: true } }
  const atWork = Math.min(share.count, spec.concurrency)
  const rate = spec.rateLimit && { rateLimit: rateOf(spec.rateLimit, atWork) }
  return { ...integration, spec: { ...spec, concurrency, ...rate } }
}

/** What one of so many nodes may do of a rate. Each may begin with one at least. */
export function rateOf(limit: RateLimit, count: number): RateLimit {
  return { perSecond: limit.perSecond / count, burst: Math.max(1, burstOf(limit) / count) }
}
