import { acceptLatency } from './accept-latency.ts'
import { acceptOnly } from './accept-only.ts'
import { batch } from './batch.ts'
import { deliveryLatency } from './delivery-latency.ts'
import { endToEnd } from './end-to-end.ts'
import { isolation } from './isolation.ts'
import type { Scenario } from './scenario.ts'

export const scenarios: readonly Scenario[] = [
  endToEnd(64),
  endToEnd(256),
  acceptOnly,
  deliveryLatency,
  acceptLatency,
  batch,
  isolation,
]
