import path from 'node:path'
import { pino } from 'pino'
import { readConfig } from '../../config.ts'
import { defineCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { writeJson, writeLine } from '../output.ts'
import { ProgressBar } from '../progress.ts'

const megabyte = 1_000_000

export const backup = defineCommand({
  name: 'backup',
  summary: 'Write all that the hub has in store into one file, while it runs or not.',
  positionals: [{ name: 'file', description: 'Where to write it; it must be new.' }],
  notes:
    'Of DATABASE_URL, or of the data directory, whose hub may run. The file holds the events, what is owed, dead ' +
    'letters, configuration and history as they are at one moment. The keys that the hub made for itself go into ' +
    '<file>.keys: keep that one elsewhere, since whoever has both can read the stored secrets. Both can only be read ' +
    'by who makes them.',
  examples: ['hub backup /var/backups/hub-$(date +%F)'],
  async run(context, { json }, [file = '']) {
    const report = await withProgress(context, (common) =>
      context.service.backUp({ ...common, file: path.resolve(context.cwd, file) }),
    )
    if (json) return writeJson(context.out, report)
    const { rows, takenAt, fileBytes, keysFile } = report
    writeLine(
      context.out,
      `${report.file} is written, ${megabytes(fileBytes)} MB: ${contentOf(rows)}, as of ${takenAt}.`,
    )
    writeLine(
      context.out,
      keysFile === null
        ? 'It holds no keys: restore it with the same HUB_SECRET_KEY and HUB_ADMIN_KEY.'
        : `${keysFile} holds the keys: keep it elsewhere. A restore needs both.`,
    )
  },
})

export const restore = defineCommand({
  name: 'restore',
  summary: 'Make a hub of a backup, in an empty data directory.',
  positionals: [{ name: 'file', description: 'What `hub backup` wrote, with <file>.keys beside it.' }],
  options: {
    check: { type: 'boolean', description: 'Only read the backup through, and say what is in it.' },
  },
  notes:
    'Into HUB_DATA_DIR, which must be empty, and into DATABASE_URL if that is set, which must hold no hub. The ' +
    'restored hub delivers what was owed when the backup was made: what was delivered since then arrives again, under ' +
    'the same webhook-id, and what was accepted since then is not in it. The former hub must not run any more.',
  examples: ['hub restore --check hub-2026-11-25', 'HUB_DATA_DIR=/var/lib/new hub restore hub-2026-11-25'],
  async run(context, { json, check }, [file = '']) {
    const report = await withProgress(context, (common) =>
      context.service.restore({ ...common, checkOnly: check, file: path.resolve(context.cwd, file) }),
    )
    if (json) return writeJson(context.out, report)
    const content = `${contentOf(report.rows)}, as of ${report.takenAt}`
    writeLine(context.out, check ? `The backup is whole: ${content}.` : `Restored: ${content}.`)
    if (!check) writeLine(context.out, 'Start the hub as before; it delivers what is owed.')
  },
})

type Common = Pick<Parameters<Context['service']['backUp']>[0], 'config' | 'log' | 'signal' | 'onProgress'>

async function withProgress<T>(context: Context, work: (common: Common) => Promise<T>): Promise<T> {
  const { config } = readConfig(context.env)
  const bar = new ProgressBar(context.err)
  try {
    return await work({
      config,
      log: pino({ level: 'fatal' }, pino.destination(2)),
      signal: context.interruption(),
      onProgress: (done, total) => bar.show(done / megabyte, total / megabyte, ' MB'),
    })
  } finally {
    bar.end()
  }
}

function contentOf(rows: Readonly<Record<string, number>>): string {
  const count = (table: string): string => (rows[table] ?? 0).toLocaleString('en-US')
  const events = ((rows['events'] ?? 0) + (rows['events_kept'] ?? 0)).toLocaleString('en-US')
  return `${events} events, ${count('queue')} deliveries that are owed, ${count('dead_letters')} dead letters`
}

function megabytes(bytes: number): string {
  return (bytes / megabyte).toLocaleString('en-US', { maximumFractionDigits: 1 })
}
