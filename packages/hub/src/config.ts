import net from 'node:net'
import path from 'node:path'
import ipaddr from 'ipaddr.js'
import { Type, type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { CannotStart } from './core/cannot-start.ts'
import { nearest } from './core/nearest.ts'

const mebibyte = 1024 * 1024
/** PostgreSQL takes no value above 1 GiB, and a body is held in memory whole. */
const largestBodyBytes = 256 * mebibyte

/** A refused value must not show up in a terminal or a log. */
const concealed = { 'x-secret': true }

/**
 * Everything the environment can say. The descriptions are the reference documentation; `env` names the variable and
 * `must` completes the sentence "NAME must …" when the value is refused.
 */
export const configSchema = Type.Object({
  host: Type.Refine(
    Type.String({
      env: 'HUB_HOST',
      default: '127.0.0.1',
      must: 'be an IP address or a host name',
      description: 'The address to listen on. `0.0.0.0` or `::` listens on all.',
    }),
    isHost,
  ),
  port: Type.Integer({
    env: 'HUB_PORT',
    default: 8080,
    minimum: 0,
    maximum: 65_535,
    must: 'be a port, a whole number from 1 to 65535 (0 takes a free one)',
    description: 'The port to listen on.',
  }),
  dataDir: Type.String({
    env: 'HUB_DATA_DIR',
    default: './.hub',
    must: 'be a path',
    description: 'Where the embedded database and the generated keys are kept.',
  }),
  databaseUrl: Type.Optional(
    Type.String({
      env: 'DATABASE_URL',
      pattern: '^postgres(ql)?://.',
      must: 'be the address of a PostgreSQL database, such as postgres://user:password@host:5432/database',
      description: 'An external PostgreSQL, version 15 or newer. Without it the hub runs an embedded one.',
      ...concealed,
    }),
  ),
  queueUrl: Type.Optional(
    Type.String({
      env: 'HUB_QUEUE_URL',
      pattern: '^amqps?://.',
      must: 'be the address of a RabbitMQ broker, such as amqp://user:password@host:5672',
      description: 'A RabbitMQ that hands ready work to the nodes. Without it PostgreSQL does.',
      ...concealed,
    }),
  ),
  adminKey: Type.Optional(
    Type.String({
      env: 'HUB_ADMIN_KEY',
      pattern: '^[\\x21-\\x7e]{32,}$',
      must: 'be at least 32 visible ASCII characters without spaces (`openssl rand -hex 32` makes one)',
      description: 'An admin key that is valid whenever the hub runs with it. Without it one is generated.',
      ...concealed,
    }),
  ),
  secretKey: Type.Optional(
    Type.String({
      env: 'HUB_SECRET_KEY',
      pattern: '^[0-9a-fA-F]{64}$',
      must: 'be 64 hexadecimal characters (`openssl rand -hex 32` makes them)',
      description: 'Encrypts the stored secrets. Without it one is generated and kept in the data directory.',
      ...concealed,
    }),
  ),
  logLevel: Type.Enum(['debug', 'info', 'warn', 'error'], {
    env: 'HUB_LOG_LEVEL',
    default: 'info',
    must: 'be debug, info, warn or error',
    description:
      '`info`: failures, state changes and a summary; `debug`: a line per request and attempt as well.',
  }),
  maxPayloadBytes: Type.Integer({
    env: 'HUB_MAX_PAYLOAD_BYTES',
    default: mebibyte,
    minimum: 1,
    maximum: largestBodyBytes,
    must: `be a whole number of bytes from 1 to ${largestBodyBytes}`,
    description: 'The largest payload of one event, in bytes. Larger ones are answered 413.',
  }),
  maxBatchBytes: Type.Integer({
    env: 'HUB_MAX_BATCH_BYTES',
    default: 16 * mebibyte,
    minimum: 1,
    maximum: largestBodyBytes,
    must: `be a whole number of bytes from 1 to ${largestBodyBytes}`,
    description: 'The largest body of a batch of events, in bytes. Larger ones are answered 413.',
  }),
  targetsAllow: cidrs(
    'HUB_TARGETS_ALLOW',
    'Networks that targets may be in although they are denied otherwise.',
  ),
  targetsDeny: cidrs('HUB_TARGETS_DENY', 'Networks that no target may be in.'),
  publicUrl: Type.Optional(
    Type.Refine(
      Type.String({
        env: 'HUB_PUBLIC_URL',
        must: 'be a web address without query or fragment, such as https://hub.example.com',
        description: 'The address under which others reach the hub, when it is behind a proxy.',
      }),
      isPublicUrl,
    ),
  ),
  trustedProxies: cidrs('HUB_TRUSTED_PROXIES', 'Proxies whose `x-forwarded-*` headers are believed.'),
  corsOrigins: Type.Array(Type.Refine(Type.String(), isOrigin), {
    env: 'HUB_CORS_ORIGINS',
    default: [],
    must: 'be origins separated by commas, such as https://app.example.com',
    description: 'Origins of web pages that may call the API from a browser.',
  }),
  retentionDays: Type.Number({
    env: 'HUB_RETENTION_DAYS',
    default: 30,
    exclusiveMinimum: 0,
    maximum: 36_500,
    must: 'be a number of days above 0',
    description: 'How long events are kept whose deliveries have all ended.',
  }),
  retentionBytes: Type.Optional(
    Type.Integer({
      env: 'HUB_RETENTION_BYTES',
      minimum: 1,
      must: 'be a whole number of bytes above 0',
      description: 'What has ended is dropped earlier, oldest first, once it takes more than this.',
    }),
  ),
  manifestFile: Type.Optional(
    Type.String({
      env: 'HUB_CONFIG',
      must: 'be the path of a manifest',
      description: 'A manifest that is applied at each start.',
    }),
  ),
  metricsPublic: Type.Boolean({
    env: 'HUB_METRICS_PUBLIC',
    default: false,
    must: 'be true or false',
    description: 'Whether `/metrics` needs no key.',
  }),
})

export type Config = Readonly<Static<typeof configSchema>>

/** What the schema above says about one variable. */
interface Variable extends TSchema {
  readonly env: string
  readonly must: string
  readonly type?: string
  readonly default?: unknown
  readonly 'x-secret'?: boolean
}

/** The environment asks for something impossible. The message is meant for the operator, as it stands. */
export class ConfigError extends CannotStart {
  override name = 'ConfigError'
}

/** Of the command line and of the tests, not of the hub. */
const knownElsewhere = ['HUB_URL', 'HUB_KEY', 'HUB_TEST_DATABASE_URL']

export function readConfig(env: NodeJS.ProcessEnv): { readonly config: Config; readonly warnings: string[] } {
  const problems: string[] = []
  const config: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(configSchema.properties)) {
    const variable = schema as unknown as Variable
    // `NAME=` in a compose file means that nobody has set it.
    const text = env[variable.env]?.trim() || undefined
    const value = text === undefined ? variable.default : parse(variable, text)
    if (value === undefined) continue
    if (!Value.Check(variable, value)) problems.push(complaint(variable, text))
    config[name] = value
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  // Every part was checked against the schema above.
  const checked = config as Config
  return { config: { ...checked, dataDir: path.resolve(checked.dataDir) }, warnings: unknownNames(env) }
}

function parse(variable: Variable, text: string): unknown {
  switch (variable.type) {
    case 'integer':
    case 'number':
      return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'array':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
    default:
      return text
  }
}

function complaint(variable: Variable, text = ''): string {
  const found = variable['x-secret'] ? '' : `, but is "${text}"`
  const isTelling = ['string', 'number', 'boolean'].includes(typeof variable.default)
  const otherwise = isTelling ? `leave it unset for ${variable.default as string}` : 'leave it unset'
  return `${variable.env} must ${variable.must}${found}; correct it or ${otherwise}.`
}

function unknownNames(env: NodeJS.ProcessEnv): string[] {
  const own = Object.values(configSchema.properties).map((schema) => (schema as unknown as Variable).env)
  const known = new Set([...own, ...knownElsewhere])
  return Object.keys(env)
    .filter((name) => name.startsWith('HUB_') && !known.has(name))
    .map((name) => {
      const meant = nearest(name, own)
      const hint = meant === undefined ? '`hub --help` lists them.' : `did you mean ${meant}?`
      return `${name} is not a variable of the hub and is ignored; ${hint}`
    })
}

function cidrs(env: string, description: string) {
  return Type.Array(Type.Refine(Type.String(), isNetwork), {
    env,
    default: [],
    must: 'be networks or addresses separated by commas, such as 10.0.0.0/8, fd00::/8',
    description,
  })
}

function isNetwork(text: string): boolean {
  return ipaddr.isValidCIDR(text) || net.isIP(text) !== 0
}

function isHost(text: string): boolean {
  return net.isIP(text) !== 0 || /^(?!\d+$)[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9_])?$/i.test(text)
}

function isPublicUrl(text: string): boolean {
  const url = URL.parse(text)
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '' && !url.username
  )
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text.toLowerCase()
}
