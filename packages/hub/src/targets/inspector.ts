import type { ShownRequest } from './target.ts'

/** A request that the `inspect` target got, whole. */
export interface InspectedRequest extends ShownRequest {
  /** Counts up. */
  readonly n: number
  readonly receivedAt: Date
  readonly integration: string
  readonly deliveryId: string
  readonly eventId: string
  readonly body: Buffer
}

/** Keeps the last requests of all `inspect` targets, in memory only. */
export interface Inspector {
  record(request: Omit<InspectedRequest, 'n'>): void
  /** Newest first. */
  recent(): readonly InspectedRequest[]
}

const mostRequests = 50
/** A few large bodies must not hold the memory that fifty small ones may. */
const mostBodyBytes = 4 * 1_024 * 1_024

export function createInspector(): Inspector {
  let kept: readonly InspectedRequest[] = []
  let count = 0
  return {
    record(request) {
      kept = within(mostBodyBytes, [{ ...request, n: ++count }, ...kept].slice(0, mostRequests))
    },
    recent: () => kept,
  }
}

/** The newest that fit, but always the newest. */
function within(limitBytes: number, requests: readonly InspectedRequest[]): readonly InspectedRequest[] {
  let bytes = 0
  const tooMany = requests.findIndex(({ body }, index) => (bytes += body.length) > limitBytes && index > 0)
  return tooMany < 0 ? requests : requests.slice(0, tooMany)
}
