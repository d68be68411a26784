import type { BenchDocument } from './document.ts'
import type { Series } from './judge.ts'
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
    ...warnings(series),
    toMarkdown(requirementRows(judged)),
    ...failures.map(({ scenario, subject, message }) => `**Failed**: ${scenario}, ${subject}: ${message}`),
    'What each subject did; CPU milliseconds per 1,000 events of the subject, its store, the load generator and the sink; ' +
      'and the part of the machine that all other processes used meanwhile:',
    toMarkdown(detailRows(series.filter(({ rounds }) => rounds.some((figures) => 'p99Ms' in figures)))),
    'What else was found:',
    toMarkdown([['scenario', 'figure', ''], ...otherRows(series)]),
  ].join('\n\n')
}

/** Above this, other work on the machine shows in rates, and far more in latencies. */
const quietShare = 0.05

function warnings(series: readonly Series[]): readonly string[] {
  const shares = series
    .flatMap(({ rounds }) => rounds.map((figures) => figures['othersShare']))
    .filter((share) => typeof share === 'number')
  if (shares.length === 0 || Math.max(...shares) <= quietShare) return []
  const percent = (share: number): string => `${Math.round(share * 100)} %`
  const range = `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))}`
  return [
    `**Other work took ${range} of this machine meanwhile**: rates, and latencies more so, say little; ratios and CPU figures ` +
      'say something.',
  ]
}

export function replaceFigures(page: string, figures: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the page lacks "${begin}" and, after it, "${end}"`)
  return `${page.slice(0, from + begin.length)}\n\n${figures}\n\n${page.slice(to)}`
}
