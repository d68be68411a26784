import { pino, type Logger } from 'pino'
import { welcome } from './cli/welcome.ts'
import { configSchema, readConfig, type Config } from './config.ts'
import { CannotStart } from './core/cannot-start.ts'
import { startHub } from './hub.ts'
import { runUntilSignal } from './process/run-until-signal.ts'

const usage = `hub: accepts events over HTTP, keeps them in PostgreSQL, delivers them to every integration that wants them.

  hub start     runs the hub until SIGINT or SIGTERM (so does \`npm start\`)
  hub --help    shows this

Environment:
${describeEnvironment()}`

const [command = 'start'] = process.argv.slice(2)
if (['--help', '-h', 'help'].includes(command)) console.log(usage)
else if (command === 'start') await start()
else {
  console.error(`There is no command "${command}"; \`hub --help\` shows what there is.`)
  process.exitCode = 1
}

async function start(): Promise<void> {
  const { config, warnings } = readConfigOrExit()
  const log = await createLog(config)
  for (const warning of warnings) log.warn(warning)
  await runUntilSignal({
    log,
    start: async (signal) => {
      const hub = await startHub(config, log, signal)
      process.stdout.write(welcome(hub))
      return hub
    },
  })
}

function readConfigOrExit(): ReturnType<typeof readConfig> {
  try {
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error
    console.error(error.message)
    process.exit(1)
  }
}

async function createLog({ logLevel }: Config): Promise<Logger> {
  if (!process.stdout.isTTY) return pino({ level: logLevel })
  const { default: pretty } = await import('pino-pretty')
  return pino({ level: logLevel }, pretty({ sync: true, ignore: 'pid,hostname' }))
}

function describeEnvironment(): string {
  const variables = Object.values(configSchema.properties) as unknown as {
    env: string
    description: string
  }[]
  return variables.map(({ env, description }) => `  ${env.padEnd(22)} ${description}`).join('\n')
}
