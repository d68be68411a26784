import { Type } from 'typebox'
import { parseRfc3339, timeHint } from './rfc3339.ts'

/** A time as every answer writes it. */
export const TimeText = Type.String({ format: 'date-time' })

/** A time as requests give it; `parseRfc3339` reads it. */
export const TimeInput = Type.Refine(
  TimeText,
  (text) => parseRfc3339(text) !== null,
  () => timeHint,
)
