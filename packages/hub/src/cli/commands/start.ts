import { pino, type Logger } from 'pino'
import { readConfig, type Config } from '../../config.ts'
import { startDemo } from '../../demo/demo.ts'
import { markAdminKeySeen } from '../../process/local-keys.ts'
import { runUntilSignal } from '../../process/run-until-signal.ts'
import { defineCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { demoWelcome, welcome } from '../welcome.ts'

export const start = defineCommand({
  name: 'start',
  summary: 'Run the hub until SIGINT or SIGTERM; `npm start` does the same.',
  options: {
    demo: {
      type: 'boolean',
      description: 'With a helpdesk that sends, an application that goes down and one that hardly answers.',
    },
  },
  notes: 'With --json it logs JSON in a terminal too. `hub --help` lists the settings.',
  async run(context, { json, demo }) {
    const { config, warnings } = readConfig(context.env)
    const log = await createLog(config, json)
    for (const warning of warnings) log.warn(warning)
    await runUntilSignal({ log, start: (signal) => startAll(context, config, log, signal, demo) })
  },
})

async function startAll(
  { service, out }: Context,
  config: Config,
  log: Logger,
  signal: AbortSignal,
  withDemo: boolean,
): Promise<{ stop(): Promise<void> }> {
  await using started = new AsyncDisposableStack()
  const hub = await service.start(config, log, signal)
  started.defer(() => hub.stop())
  // Before it is shown: whoever reads that the hub is ready may kill it at once, and the next start shows no key again.
  await markAdminKeySeen(hub.keys)
  out.write(welcome(hub))
  if (withDemo) {
    const demo = await startDemo(hub, log)
    started.defer(() => demo.stop())
    out.write(demoWelcome)
  }
  const all = started.move()
  return { stop: () => all.disposeAsync() }
}

async function createLog({ logLevel }: Config, asJson: boolean): Promise<Logger> {
  if (asJson || !process.stdout.isTTY) return pino({ level: logLevel })
  const { default: pretty } = await import('pino-pretty')
  return pino({ level: logLevel }, pretty({ sync: true, ignore: 'pid,hostname' }))
}
