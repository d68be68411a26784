import { counted } from '../../core/words.ts'
import { defineCommand } from '../command.ts'
import { writeJson, writeLine, type Output } from '../output.ts'
import { harmless, padded, wrapped } from '../text.ts'

interface Finding {
  readonly check: string
  readonly severity: string
  readonly message: string
  readonly remedy: string | null
}

const textWidth = 100

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Examine the hub and say what to do about what is not well.',
  notes:
    'It looks at the database, the disk, the clocks, open transactions, nodes and what they hold, integrations that ' +
    'are stuck or fail, weak settings and backups. It exits with 1 when there is a problem; warnings and notes are 0.',
  async run({ api, out }, { json }) {
    const page = await (await api()).get<{ readonly items: readonly Finding[] }>('/v1/doctor')
    const problems = page.items.filter(({ severity }) => severity === 'problem').length
    if (json) writeJson(out, page)
    else writeFindings(out, page.items)
    return problems > 0 ? 1 : 0
  },
})

function writeFindings(out: Output, findings: readonly Finding[]): void {
  for (const { check, severity, message, remedy } of findings) {
    const [first = '', ...rest] = wrapped(harmless(message), textWidth)
    writeLine(out, `${mark(out, severity)}  ${out.paint('bold', padded(check, 14))}${first}`)
    for (const line of rest) writeLine(out, ' '.repeat(25) + line)
    for (const line of remedy === null ? [] : wrapped(harmless(remedy), textWidth))
      writeLine(out, ' '.repeat(25) + out.paint('cyan', line))
  }
  const count = (severity: string): number =>
    findings.filter((finding) => finding.severity === severity).length
  writeLine(out)
  writeLine(
    out,
    `${counted(count('problem'), 'problem')}, ${counted(count('warning'), 'warning')}, ${counted(count('note'), 'note')}.`,
  )
}

function mark(out: Output, severity: string): string {
  const text = padded(severity, 9)
  if (severity === 'problem') return out.paint('red', text)
  if (severity === 'warning') return out.paint('yellow', text)
  return out.paint(severity === 'ok' ? 'green' : 'cyan', text)
}
