import type { Command } from '../command.ts'
import { apply } from './apply.ts'
import { backup, restore } from './backup.ts'
import { completionOf } from './completion.ts'
import { deliveries } from './deliveries.ts'
import { doctor } from './doctor.ts'
import { events } from './events.ts'
import { exportManifest } from './export.ts'
import { init } from './init.ts'
import { integrations } from './integrations.ts'
import { keys } from './keys.ts'
import { listen } from './listen.ts'
import { migrate } from './migrate.ts'
import { openapi } from './openapi.ts'
import { replay } from './replay.ts'
import { service } from './service.ts'
import { start } from './start.ts'
import { tail } from './tail.ts'

/** Every command there is, in the order of the help. */
export const commands: readonly Command[] = [
  start,
  init,
  apply,
  exportManifest,
  ...events,
  ...deliveries,
  ...integrations,
  replay,
  tail,
  listen,
  ...keys,
  doctor,
  backup,
  restore,
  migrate,
  ...service,
  openapi,
  completionOf(() => commands),
]
