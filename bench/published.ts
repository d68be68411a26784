import type { BenchDocument } from './document.ts'
import { detailRows, otherRows, requirementRows, toMarkdown } from './table.ts'

const begin = '<!-- figures: written by bench/publish.ts -->'
const end = '<!-- end of figures -->'

export function writeFigures({
  measuredAt,
  command,
  machine,
  judged,
  series,
  failures,
}: BenchDocument): string {
  const { cpu, cores, memoryMb, kernel, node, stores, commit } = machine
  const memoryGb = Math.round(memoryMb / 1_024)
  return [
    `Measured ${measuredAt.slice(0, 10)} at commit \`${commit}\` on ${cores} cores (${cpu}), ${memoryGb} GB, ${kernel}; ` +
      `Node ${node}, ${stores}, by`,
    `\`\`\`text\n${command}\n\`\`\``,
    toMarkdown(requirementRows(judged)),
    ...failures.map(({ scenario, subject, message }) => `**Failed**: ${scenario}, ${subject}: ${message}`),
    'What each subject did; CPU milliseconds per 1,000 events of the subject, its store, the load generator and the sink; ' +
      'and the part of the machine that all other processes used meanwhile:',
    toMarkdown(detailRows(series.filter(({ rounds }) => rounds.some((figures) => 'p99Ms' in figures)))),
    'What else was found:',
    toMarkdown([['scenario', 'figure', ''], ...otherRows(series)]),
  ].join('\n\n')
}

export function replaceFigures(page: string, figures: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the page lacks "${begin}" and, after it, "${end}"`)
  return `${page.slice(0, from + begin.length)}\n\n${figures}\n\n${page.slice(to)}`
}
