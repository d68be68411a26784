import { pino, type Logger } from 'pino'
import { readConfig, type Config } from '../../config.ts'
import { runUntilSignal } from '../../process/run-until-signal.ts'
import { defineCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { welcome } from '../welcome.ts'

export const start = defineCommand({
  name: 'start',
  summary: 'Run the hub until SIGINT or SIGTERM; `npm start` does the same.',
  notes: 'With --json it logs JSON in a terminal too. `hub --help` lists the settings.',
  async run(context, { json }) {
    const { config, warnings } = readConfig(context.env)
    const log = await createLog(config, json)
    for (const warning of warnings) log.warn(warning)
    await runUntilSignal({ log, start: (signal) => startAndGreet(context, config, log, signal) })
  },
})

async function startAndGreet(
  { service, out }: Context,
  config: Config,
  log: Logger,
  signal: AbortSignal,
): Promise<{ stop(): Promise<void> }> {
  const hub = await service.start(config, log, signal)
  out.write(welcome(hub))
  return hub
}

async function createLog({ logLevel }: Config, asJson: boolean): Promise<Logger> {
  if (asJson || !process.stdout.isTTY) return pino({ level: logLevel })
  const { default: pretty } = await import('pino-pretty')
  return pino({ level: logLevel }, pretty({ sync: true, ignore: 'pid,hostname' }))
}
