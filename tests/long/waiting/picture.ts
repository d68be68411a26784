const width = 900
const height = 150
const margin = 48

export interface Sample {
  readonly seconds: number
  readonly in: number
  readonly out: number
  readonly hubMb: number
  readonly postgresMb: number
  readonly diskMb: number
}

type Field = Exclude<keyof Sample, 'seconds'>

const titles: Readonly<Record<Field, string>> = {
  in: 'events accepted per second',
  out: 'events delivered per second',
  hubMb: 'memory of the hub, MB',
  postgresMb: 'memory of PostgreSQL, MB',
  diskMb: 'disk, MB',
}

/** One chart below the other, all over the same time. */
export function drawCharts(samples: readonly Sample[]): string {
  const fields = Object.keys(titles) as Field[]
  const charts = fields.map((field, index) => drawChart(samples, field, index * (height + margin) + margin))
  const whole = fields.length * (height + margin) + margin
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${whole}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${charts.join('\n')}
</svg>
`
}

function drawChart(samples: readonly Sample[], field: Field, top: number): string {
  const most = Math.max(1, ...samples.map((sample) => sample[field]))
  const lastSecond = samples.at(-1)?.seconds ?? 1
  const x = (seconds: number): string => (margin + (seconds / lastSecond) * (width - 2 * margin)).toFixed(1)
  const points = samples.map(
    (sample) => `${x(sample.seconds)},${(top + height - (sample[field] / most) * height).toFixed(1)}`,
  )
  const bottom = top + height
  return `<text x="${margin}" y="${top - 8}" font-weight="bold">${titles[field]}</text>
<text x="${margin - 6}" y="${top + 4}" text-anchor="end" fill="#555">${Math.round(most).toLocaleString('en')}</text>
<line x1="${margin}" x2="${width - margin}" y1="${top}" y2="${top}" stroke="#ddd"/>
<line x1="${margin}" x2="${width - margin}" y1="${bottom}" y2="${bottom}" stroke="#999"/>
${minutesOf(lastSecond)
  .map((minute) => drawMinute(minute, x(minute * 60), top))
  .join('\n')}
<polyline fill="none" stroke="#2463eb" points="${points.join(' ')}"/>`
}

function drawMinute(minute: number, x: string, top: number): string {
  const bottom = top + height
  return `<line x1="${x}" x2="${x}" y1="${top}" y2="${bottom}" stroke="#eee"/>
<text x="${x}" y="${bottom + 14}" text-anchor="middle" fill="#555">${minute} min</text>`
}

/** About eight of them. */
function minutesOf(lastSecond: number): readonly number[] {
  const step = Math.max(1, Math.ceil(lastSecond / 60 / 8))
  return Array.from({ length: Math.floor(lastSecond / 60 / step) + 1 }, (_, index) => index * step)
}
