import { processContext } from './cli/process-context.ts'
import { run } from './cli/run.ts'

// The service is loaded only for the commands that run it: the others begin in a third of the time.
process.exitCode = await run(
  process.argv.slice(2),
  processContext({
    start: async (...given) => (await import('./hub.ts')).startHub(...given),
    migrate: async (...given) => (await import('./hub.ts')).migrateDatabase(...given),
    backUp: async (...given) => (await import('./backup/back-up.ts')).backUp(...given),
    restore: async (...given) => (await import('./backup/restore.ts')).restore(...given),
  }),
)
