import { CannotStart } from '../process/cannot-start.ts'

/** Turns what PostgreSQL's programs printed before they gave up into a sentence for the operator. */
export function startFailure(dataDir: string, output: string): CannotStart {
  const cause = causeOf(output)
  if (/no space left on device|disk quota exceeded/i.test(output))
    return new CannotStart(
      `The disk that holds ${dataDir} is full (${cause}); free some space and start again.`,
    )
  if (/read-only file system/i.test(output))
    return new CannotStart(`${dataDir} can't be written (${cause}); set HUB_DATA_DIR to another directory.`)
  if (/permission denied|operation not permitted/i.test(output)) {
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
  const told = lines.findLast((line) => /\b(PANIC|FATAL|error|ERROR): /.test(line))
  const line = told ?? lines.findLast((candidate) => candidate !== '') ?? 'it gave no reason'
  return line.replace(/^.*?\b(PANIC|FATAL|error|ERROR): +/, '')
}
