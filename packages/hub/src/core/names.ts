import { Type } from 'typebox'

export const namePattern = '^[a-z0-9][a-z0-9-]{0,62}$'

/** Names of sources and integrations. */
export const Name = Type.String({
  pattern: namePattern,
  description: 'Lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit.',
})

/** Names that belong to the hub itself. */
export const reservedSourceName = 'hub'

/** Types of events that only the hub itself emits. */
export function isReservedType(type: string): boolean {
  return type === 'error.event' || type === 'hub' || type.startsWith('hub.')
}
