import { OutboxError } from './errors.ts'

interface NumberRange {
  readonly least: number
  readonly most: number
}

const dayMs = 86_400_000

/** Everything that can be changed while the application runs; a range for numbers, none for switches. */
const definitions = {
  enabled: { default: true as boolean },
  'processor.enabled': { default: true as boolean },
  'startupDrain.enabled': { default: true as boolean },
  'startupDrain.batchSize': { default: 50 as number, least: 1, most: 10_000 },
  'polling.intervalMs': { default: 5_000 as number, least: 10, most: dayMs },
  'polling.idleIntervalMs': { default: 30_000 as number, least: 10, most: dayMs },
  batchSize: { default: 10 as number, least: 1, most: 10_000 },
  maxAttempts: { default: 3 as number, least: 1, most: 1_000 },
  leaseMs: { default: 30_000 as number, least: 100, most: dayMs },
  'retry.baseDelayMs': { default: 1_000 as number, least: 0, most: dayMs },
  'deadLetter.enabled': { default: true as boolean },
  'retention.processedDays': { default: 14 as number, least: 0, most: 36_500 },
} satisfies Record<string, { default: boolean } | ({ default: number } & NumberRange)>

export type SettingKey = keyof typeof definitions
export type Settings = { readonly [Key in SettingKey]: (typeof definitions)[Key]['default'] }
export type PartialSettings = Partial<Settings>

const keys = Object.keys(definitions) as SettingKey[]

export const defaultSettings = Object.fromEntries(
  keys.map((key) => [key, definitions[key].default]),
) as Settings

export function checkSettingKey(key: unknown): SettingKey {
  if (typeof key === 'string' && Object.hasOwn(definitions, key)) return key as SettingKey
  throw new OutboxError(
    'unknown_setting',
    `There is no setting "${String(key)}"; known are ${keys.join(', ')}.`,
    String(key),
  )
}

export function checkSetting(key: SettingKey, value: unknown): boolean | number {
  const definition: { default: boolean | number } & Partial<NumberRange> = definitions[key]
  const problem =
    typeof definition.default === 'boolean' ? switchProblem(value) : numberProblem(value, definition)
  if (problem !== null) throw new OutboxError('invalid_setting', `The setting ${key} ${problem}.`, key)
  return value as boolean | number
}

function switchProblem(value: unknown): string | null {
  return typeof value === 'boolean' ? null : 'must be true or false'
}

function numberProblem(value: unknown, { least = 0, most = Infinity }: Partial<NumberRange>): string | null {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return null
  return `must be a whole number from ${least} to ${most}`
}

export function checkSettings(given: object): PartialSettings {
  return Object.fromEntries(
    Object.entries(given)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, checkSetting(checkSettingKey(key), value)]),
  )
}

/**
 * What is in force on this instance: the table over the application's own options over the defaults. Only
 * `processor.enabled` can be switched off in either place, because an instance that must not process says so itself.
 */
export function mergeSettings(own: PartialSettings, stored: PartialSettings): Settings {
  const merged = { ...defaultSettings, ...own, ...stored }
  const isProcessing = (own['processor.enabled'] ?? true) && (stored['processor.enabled'] ?? true)
  return { ...merged, 'processor.enabled': isProcessing }
}

/** Reads the table, in which a newer version may keep what this one does not know: that is ignored. */
export function readStored(rows: Iterable<readonly [key: string, value: unknown]>): PartialSettings {
  const known: Record<string, unknown> = {}
  for (const [key, value] of rows) {
    if (Object.hasOwn(definitions, key) && isValid(key as SettingKey, value)) known[key] = value
  }
  return known
}

function isValid(key: SettingKey, value: unknown): boolean {
  try {
    checkSetting(key, value)
    return true
  } catch {
    return false
  }
}
