import type { ShownRequest } from './target.ts'

/** A request that the `inspect` target got, whole. */
export interface InspectedRequest extends ShownRequest {
  readonly receivedAt: Date
  readonly integration: string
  readonly deliveryId: string
  readonly eventId: string
  readonly body: Buffer
}

/** Keeps the last requests of all `inspect` targets, in memory only. */
export interface Inspector {
  record(request: InspectedRequest): void
  /** Newest first. */
  recent(limit: number): readonly InspectedRequest[]
}

const mostRequests = 50
/** A few large bodies must not hold the memory that fifty small ones may. */
const mostBodyBytes = 4 * 1_024 * 1_024

export function createInspector(): Inspector {
  let kept: readonly InspectedRequest[] = []
  return {
    record(request) {
      kept = within(mostBodyBytes, [request, ...kept].slice(0, mostRequests))
    },
    recent: (limit) => kept.slice(0, limit),
  }
}

/** The newest that fit, but always the newest. */
function within(limitBytes: number, requests: readonly InspectedRequest[]): readonly InspectedRequest[] {
  let bytes = 0
  const tooMany = requests.findIndex(({ body }, index) => (bytes += body.length) > limitBytes && index > 0)
  return tooMany < 0 ? requests : requests.slice(0, tooMany)
}
