import { pino } from 'pino'
import { readConfig } from '../../config.ts'
import { defineCommand } from '../command.ts'
import { writeJson, writeLine } from '../output.ts'

export const migrate = defineCommand({
  name: 'migrate',
  summary: 'Bring the database up to date without starting the hub.',
  notes:
    'Of DATABASE_URL, or of the embedded PostgreSQL when no hub runs in the data directory. Every start of the hub ' +
    'does the same, so this is for those who want to do it at another time or with other rights.',
  async run(context, { json }) {
    const { config } = readConfig(context.env)
    const versions = await context.service.migrate(
      config,
      pino({ level: 'error' }, pino.destination(2)),
      context.interruption(),
    )
    if (json) return writeJson(context.out, { applied: versions })
    const latest = versions.at(-1)
    writeLine(
      context.out,
      latest === undefined ? 'The database is up to date.' : `The database is at schema ${latest} now.`,
    )
  },
})
