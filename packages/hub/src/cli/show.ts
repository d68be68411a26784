import type { Output } from './output.ts'
import { harmless, padded } from './text.ts'
import type { DeliverySummary } from './views.ts'

/** A status in the colour of how good it is. */
export function paintStatus(output: Output, text: string): string {
  const status = text.trim()
  if (['DELIVERED'].includes(status)) return output.paint('green', text)
  if (['DEAD', 'FAILED', 'MANUAL'].includes(status)) return output.paint('red', text)
  if (['PENDING', 'PROCESSING'].includes(status.split(' ')[0] ?? '')) return output.paint('yellow', text)
  return output.paint('dim', text)
}

/** `PENDING (retry)`: what it waits for belongs to how it is. */
export function statusText({ status, waitingFor }: Pick<DeliverySummary, 'status' | 'waitingFor'>): string {
  return waitingFor === null ? status : `${status} (${waitingFor})`
}

/** One thing, field by field; what is null is left out. */
export function writeFields(
  output: Output,
  fields: Readonly<Record<string, string | number | null | undefined>>,
): void {
  const shown = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length)) + 2
  for (const [name, value] of shown)
    output.write(`${output.paint('dim', padded(name, width))}${harmless(String(value))}\n`)
}
