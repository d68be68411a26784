import { acceptLatency } from './accept-latency.ts'
import { acceptOnly } from './accept-only.ts'
import { batch } from './batch.ts'
import { deliveryLatency } from './delivery-latency.ts'
import { endToEnd256, endToEnd64, grouped } from './end-to-end.ts'
import { isolation } from './isolation.ts'
import type { Scenario } from './scenario.ts'

export const scenarios: readonly Scenario[] = [
  endToEnd64,
  endToEnd256,
  grouped,
  acceptOnly,
  deliveryLatency,
  acceptLatency,
  batch,
  isolation,
]
