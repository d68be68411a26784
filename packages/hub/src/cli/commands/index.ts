import type { Command } from '../command.ts'
import { apply } from './apply.ts'
import { completionOf } from './completion.ts'
import { deliveries } from './deliveries.ts'
import { events } from './events.ts'
import { exportManifest } from './export.ts'
import { keys } from './keys.ts'
import { migrate } from './migrate.ts'
import { openapi } from './openapi.ts'
import { start } from './start.ts'

/** Every command there is, in the order of the help. */
export const commands: readonly Command[] = [
  start,
  apply,
  exportManifest,
  ...events,
  ...deliveries,
  ...keys,
  migrate,
  openapi,
  completionOf(() => commands),
]
