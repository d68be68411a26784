import { OutboxError } from './errors.ts'
import type { DomainEvent } from './event.ts'
import { overlaps, patternProblem } from './pattern.ts'

export type Mode = 'transaction' | 'lease'

/** A subscription with every choice made. */
export interface CheckedSubscription {
  readonly eventName: string
  readonly consumerName: string
  readonly priority: number
  readonly from: 'now' | 'beginning'
  readonly mode: Mode
  readonly ordering: 'none' | 'aggregate'
  readonly concurrency: number
  readonly ownTransaction: boolean
  readonly idempotencyKey: ((event: DomainEvent) => unknown) | null
}

const maxTextCharacters = 255
const fields = new Set([
  'eventName',
  'consumerName',
  'handler',
  'priority',
  'from',
  'mode',
  'ordering',
  'concurrency',
  'ownTransaction',
  'idempotencyKey',
])

/** Checks a subscription from any caller, typed or not. */
export function checkSubscription(given: unknown): CheckedSubscription {
  if (typeof given !== 'object' || given === null) fail('subscription', 'must be an object')
  const unknownField = Object.keys(given).find((name) => !fields.has(name))
  if (unknownField !== undefined) fail(unknownField, `is unknown; known are ${[...fields].join(', ')}`)
  const value = given as Readonly<Record<string, unknown>>
  if (typeof value['handler'] !== 'function') fail('handler', 'must be a function')
  return {
    eventName: checkPattern(value['eventName']),
    consumerName: checkText(value['consumerName'], 'consumerName'),
    priority: checkInteger(value['priority'] ?? 0, 'priority', -1_000_000, 1_000_000),
    from: checkChoice(value['from'] ?? 'now', 'from', ['now', 'beginning']),
    mode: checkChoice(value['mode'] ?? 'transaction', 'mode', ['transaction', 'lease']),
    ordering: checkChoice(value['ordering'] ?? 'none', 'ordering', ['none', 'aggregate']),
    concurrency: checkInteger(value['concurrency'] ?? 1, 'concurrency', 1, 1_000),
    ownTransaction: checkSwitch(value['ownTransaction'] ?? false, 'ownTransaction'),
    idempotencyKey: checkFunction(value['idempotencyKey']),
  }
}

/** One consumer gets an event once, so two of its handlers must not want the same one. */
export function refuseOverlap(wanted: CheckedSubscription, existing: Iterable<CheckedSubscription>): void {
  for (const other of existing) {
    if (other.consumerName !== wanted.consumerName || !overlaps(other.eventName, wanted.eventName)) continue
    throw new OutboxError(
      'overlapping_subscription',
      `The consumer ${wanted.consumerName} already handles "${other.eventName}", which overlaps with "${wanted.eventName}". ` +
        'An event has one handler per consumer: give the second handler a consumerName of its own.',
      'eventName',
    )
  }
}

/** Business keys are told apart by their text, so numbers do as well. */
export function checkBusinessKey(key: unknown): string {
  if ((typeof key === 'string' && key !== '') || typeof key === 'number' || typeof key === 'bigint') {
    const text = String(key)
    if (text.length <= 1_000 && !text.includes('\0')) return text
  }
  throw new OutboxError(
    'invalid_subscription',
    'idempotencyKey must return a string of 1 to 1000 characters, or a number.',
    'idempotencyKey',
  )
}

function checkPattern(value: unknown): string {
  const pattern = checkText(value, 'eventName')
  const problem = patternProblem(pattern)
  if (problem !== null) fail('eventName', `is no pattern: ${problem}`)
  return pattern
}

function checkText(value: unknown, field: string): string {
  if (typeof value !== 'string' || value.trim() === '') fail(field, 'is missing')
  if (value.length > maxTextCharacters) fail(field, `is longer than ${maxTextCharacters} characters`)
  if (/[\u0000-\u001f\u007f]/.test(value)) fail(field, 'contains a control character')
  return value
}

function checkInteger(value: unknown, field: string, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  fail(field, `must be a whole number from ${least} to ${most}`)
}

function checkChoice<Choice extends string>(
  value: unknown,
  field: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((each) => each === value)
  if (choice !== undefined) return choice
  fail(field, `must be one of ${choices.join(', ')}`)
}

function checkSwitch(value: unknown, field: string): boolean {
  if (typeof value === 'boolean') return value
  fail(field, 'must be true or false')
}

function checkFunction(value: unknown): ((event: DomainEvent) => unknown) | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'function') return value as (event: DomainEvent) => unknown
  fail('idempotencyKey', 'must be a function')
}

function fail(field: string, problem: string): never {
  throw new OutboxError('invalid_subscription', `${field} ${problem}.`, field)
}
