import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { configSchema, ConfigError, readConfig } from './config.ts'

const refusal = (env: NodeJS.ProcessEnv): string => {
  try {
    readConfig(env)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message
  }
  return assert.fail(`accepted ${JSON.stringify(env)}`)
}

test('an empty environment gives the defaults', () => {
  assert.deepEqual(readConfig({}), {
    config: {
      host: '127.0.0.1',
      port: 8080,
      dataDir: path.resolve('.hub'),
      logLevel: 'info',
      maxPayloadBytes: 1_048_576,
      maxBatchBytes: 16_777_216,
      targetsAllow: [],
      targetsDeny: [],
      trustedProxies: [],
      corsOrigins: [],
      retentionDays: 30,
      metricsPublic: false,
    },
    warnings: [],
  })
})

test('every variable is read into its own type', () => {
  const { config } = readConfig({
    HUB_HOST: '::',
    HUB_PORT: '0',
    HUB_DATA_DIR: '/var/lib/hub',
    DATABASE_URL: 'postgresql://hub:secret@%2Frun%2Fpostgresql/hub',
    HUB_QUEUE_URL: 'amqps://broker',
    HUB_ADMIN_KEY: 'k'.repeat(32),
    HUB_SECRET_KEY: 'Af'.repeat(32),
    HUB_LOG_LEVEL: 'debug',
    HUB_MAX_PAYLOAD_BYTES: '10',
    HUB_TARGETS_ALLOW: '10.0.0.0/8, 192.168.1.7 ,fd00::/8',
    HUB_PUBLIC_URL: 'https://example.com/hub',
    HUB_CORS_ORIGINS: 'https://app.example.com,http://localhost:5173',
    HUB_RETENTION_DAYS: '0.5',
    HUB_RETENTION_BYTES: '1000000',
    HUB_CONFIG: 'hub.yaml',
    HUB_METRICS_PUBLIC: 'true',
  })
  assert.equal(config.port, 0)
  assert.deepEqual(config.targetsAllow, ['10.0.0.0/8', '192.168.1.7', 'fd00::/8'])
  assert.deepEqual(config.corsOrigins, ['https://app.example.com', 'http://localhost:5173'])
  assert.equal(config.retentionDays, 0.5)
  assert.equal(config.metricsPublic, true)
  assert.equal(config.manifestFile, 'hub.yaml')
})

test('an empty variable counts as unset', () => {
  const { config } = readConfig({ HUB_PORT: '', DATABASE_URL: ' ' })
  assert.equal(config.port, 8080)
  assert.equal('databaseUrl' in config, false)
})

test('a refusal says which variable, what it must be, what it is and what to do', () => {
  assert.equal(
    refusal({ HUB_PORT: '80800' }),
    'HUB_PORT must be a port, a whole number from 1 to 65535 (0 takes a free one), but is "80800"; ' +
      'correct it or leave it unset for 8080.',
  )
})

for (const [name, values] of Object.entries({
  HUB_HOST: ['a b', '256.1.1.1:80', '[::1]', '12'],
  HUB_PORT: ['-1', '1.5', 'http', '0x50', '1e3'],
  DATABASE_URL: ['mysql://host/db', 'localhost', 'postgres://'],
  HUB_QUEUE_URL: ['http://broker'],
  HUB_ADMIN_KEY: ['short', `${'k'.repeat(31)} k`, 'ключ'.repeat(10)],
  HUB_SECRET_KEY: ['ab', 'g'.repeat(64), 'a'.repeat(65)],
  HUB_LOG_LEVEL: ['verbose', 'INFO'],
  HUB_MAX_PAYLOAD_BYTES: ['0', '1MB', '9999999999'],
  HUB_MAX_BATCH_BYTES: ['-5'],
  HUB_TARGETS_ALLOW: ['10.0.0.0/33', '10.0.0.1,x'],
  HUB_TARGETS_DENY: ['example.com'],
  HUB_TRUSTED_PROXIES: ['*'],
  HUB_PUBLIC_URL: ['hub.example.com', 'ftp://x', 'https://x/?a=1'],
  HUB_CORS_ORIGINS: ['*', 'https://app.example.com/', 'app.example.com'],
  HUB_RETENTION_DAYS: ['0', 'forever'],
  HUB_RETENTION_BYTES: ['0', '10GB'],
  HUB_METRICS_PUBLIC: ['yes'],
})) {
  test(`${name} refuses what it cannot be`, () => {
    for (const value of values) assert.match(refusal({ [name]: value }), new RegExp(`^${name} must `), value)
  })
}

test('several problems are told together', () => {
  assert.equal(refusal({ HUB_PORT: 'x', HUB_LOG_LEVEL: 'y' }).split('\n').length, 2)
})

test('a refused secret is not repeated', () => {
  for (const name of ['HUB_ADMIN_KEY', 'HUB_SECRET_KEY', 'DATABASE_URL', 'HUB_QUEUE_URL'])
    assert.doesNotMatch(refusal({ [name]: 'hunter2' }), /hunter2/)
})

test('an unknown variable is reported with the nearest known name', () => {
  assert.deepEqual(readConfig({ HUB_PROT: '1', HUB_URL: 'x', OTHER: 'x' }).warnings, [
    'HUB_PROT is not a variable of the hub and is ignored; did you mean HUB_PORT?',
  ])
})

test('every variable is documented', () => {
  for (const [name, schema] of Object.entries(configSchema.properties)) {
    const { env, must, description } = schema as unknown as Record<string, string>
    assert.match(env ?? '', /^[A-Z_]+$/, name)
    assert.ok(must && description?.endsWith('.'), name)
  }
})
