import { CannotStart } from '../core/cannot-start.ts'

const noSpace = /no space left on device|disk quota exceeded/i
const readOnly = /read-only file system/i
const notPermitted = /permission denied|operation not permitted/i

/** Turns what PostgreSQL's programs printed before they gave up into a sentence for the operator. */
export function startFailure(dataDir: string, output: string): CannotStart {
  const cause = causeOf(output)
  if (noSpace.test(cause))
    return new CannotStart(
      `The disk that holds ${dataDir} is full (${cause}); free some space and start again.`,
    )
  if (readOnly.test(cause))
    return new CannotStart(`${dataDir} can't be written (${cause}); set HUB_DATA_DIR to another directory.`)
  if (notPermitted.test(cause)) {
    return new CannotStart(
      `The embedded PostgreSQL may not use ${dataDir} (${cause}); set HUB_DATA_DIR to a directory that its user may enter.`,
    )
  }
  return new CannotStart(
    `The embedded PostgreSQL in ${dataDir} does not start (${cause}); mend that, or set HUB_DATA_DIR to another directory.`,
  )
}

/** The line that says why, without its label: a server prints `FATAL:  …`, initdb `initdb: error: …`. */
function causeOf(output: string): string {
  const lines = output.split('\n').map((line) => line.trim())
  const root = lines.find((line) => [noSpace, readOnly, notPermitted].some((pattern) => pattern.test(line)))
  const told = lines.findLast((line) => /\b(PANIC|FATAL|error|ERROR): /.test(line))
  const line = root ?? told ?? lines.findLast((candidate) => candidate !== '') ?? 'it gave no reason'
  return line.replace(/^.*?\b(PANIC|FATAL|error|ERROR): +/, '')
}
