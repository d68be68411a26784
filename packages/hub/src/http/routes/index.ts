import type { RegisterRoutes } from '../app.ts'
import { audit } from './audit.ts'
import { circuits } from './circuits.ts'
import { deadLetters } from './dead-letters.ts'
import { deliveries } from './deliveries.ts'
import { doctor } from './doctor.ts'
import { events } from './events.ts'
import { health } from './health.ts'
import { inspected } from './inspected.ts'
import { ingest } from './ingest.ts'
import { integrations } from './integrations.ts'
import { keys } from './keys.ts'
import { manifest } from './manifest.ts'
import { matching } from './matching.ts'
import { metrics } from './metrics.ts'
import { nodes } from './nodes.ts'
import { replays } from './replays.ts'
import { signingSecrets } from './signing-secrets.ts'
import { sources } from './sources.ts'
import { statistics } from './statistics.ts'
import { stream } from './stream.ts'
import { trying } from './trying.ts'

/** Every resource of the API. */
export const resources: readonly RegisterRoutes[] = [
  ingest,
  events,
  deliveries,
  deadLetters,
  replays,
  statistics,
  sources,
  integrations,
  manifest,
  signingSecrets,
  matching,
  trying,
  circuits,
  inspected,
  keys,
  audit,
  nodes,
  doctor,
  health,
  metrics,
  stream,
]
