import { OutboxError } from './errors.ts'
import { findJsonProblem } from './json-problem.ts'

/** What a link between two entities means. */
export const LinkType = {
  /** One mentions the other. */
  REFERENCE: 'reference',
  /** What happens to the source happens to the target. */
  CASCADE: 'cascade',
  /** The source is the root of the aggregate that the target belongs to. */
  AGGREGATE_ROOT: 'aggregate_root',
} as const
export type LinkType = (typeof LinkType)[keyof typeof LinkType]

export interface NewLink {
  readonly sourceModule: string
  readonly sourceEntityType: string
  readonly sourceEntityId: string
  readonly targetModule: string
  readonly targetEntityType: string
  readonly targetEntityId: string
  readonly linkType: LinkType
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

export interface Link extends Omit<NewLink, 'metadata'> {
  readonly id: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly createdAt: Date
}

/** An entity of a module: one end of a link. */
export interface Entity {
  readonly module: string
  readonly entityType: string
  readonly entityId: string
}

const linkTypes: readonly unknown[] = Object.values(LinkType)
const maxTextCharacters = 255
const maxMetadataCharacters = 16_384

export interface CheckedLink extends Omit<NewLink, 'metadata'> {
  readonly metadata: string
}

export function checkLink(link: unknown): CheckedLink {
  if (typeof link !== 'object' || link === null) fail('link', 'must be an object')
  const fields = link as Readonly<Record<string, unknown>>
  return {
    sourceModule: checkText(fields['sourceModule'], 'sourceModule'),
    sourceEntityType: checkText(fields['sourceEntityType'], 'sourceEntityType'),
    sourceEntityId: checkText(fields['sourceEntityId'], 'sourceEntityId'),
    targetModule: checkText(fields['targetModule'], 'targetModule'),
    targetEntityType: checkText(fields['targetEntityType'], 'targetEntityType'),
    targetEntityId: checkText(fields['targetEntityId'], 'targetEntityId'),
    linkType: checkLinkType(fields['linkType']),
    metadata: checkMetadata(fields['metadata'] ?? {}),
  }
}

export function checkLinkType(value: unknown): LinkType {
  if (linkTypes.includes(value)) return value as LinkType
  fail('linkType', `must be one of ${linkTypes.join(', ')}`)
}

export function checkEntity(entity: unknown): Entity {
  if (typeof entity !== 'object' || entity === null) fail('entity', 'must be an object')
  const fields = entity as Readonly<Record<string, unknown>>
  return {
    module: checkText(fields['module'], 'module'),
    entityType: checkText(fields['entityType'], 'entityType'),
    entityId: checkText(fields['entityId'], 'entityId'),
  }
}

export function checkLimit(limit: unknown = 1_000): number {
  if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= 100_000) return limit
  fail('limit', 'must be a whole number from 1 to 100000')
}

function checkText(value: unknown, field: string): string {
  if (value === undefined || value === null || value === '') fail(field, 'is missing')
  if (typeof value !== 'string') fail(field, `must be a string, not a ${typeof value}`)
  if (value.length > maxTextCharacters) fail(field, `is longer than ${maxTextCharacters} characters`)
  if (value.includes('\0')) fail(field, 'contains the character U+0000')
  return value
}

function checkMetadata(metadata: unknown): string {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    fail('metadata', 'must be an object')
  const found = findJsonProblem(metadata, 'metadata')
  if (found) throw new OutboxError('invalid_link', `${found.path} ${found.problem}.`, found.path)
  const text = JSON.stringify(metadata)
  if (text.length > maxMetadataCharacters)
    fail('metadata', `has more than ${maxMetadataCharacters} characters`)
  return text
}

function fail(field: string, problem: string): never {
  throw new OutboxError('invalid_link', `${field} ${problem}.`, field)
}
