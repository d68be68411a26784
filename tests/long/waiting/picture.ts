const width = 900
const height = 180
const margin = 40

/** One chart below the other, of each field over `seconds`. */
export function drawCharts<Field extends string>(
  samples: readonly Record<Field | 'seconds', number>[],
): string {
  const fields = Object.keys(samples[0] ?? {}).filter((field) => field !== 'seconds') as Field[]
  const charts = fields.map((field, index) => drawChart(samples, field, index * (height + margin) + margin))
  const whole = fields.length * (height + margin) + margin
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${whole}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${charts.join('\n')}
</svg>
`
}

function drawChart<Field extends string>(
  samples: readonly Record<Field | 'seconds', number>[],
  field: Field,
  top: number,
): string {
  const most = Math.max(1, ...samples.map((sample) => sample[field]))
  const lastSecond = samples.at(-1)?.seconds ?? 1
  const points = samples.map((sample) => {
    const x = margin + (sample.seconds / lastSecond) * (width - 2 * margin)
    return `${x.toFixed(1)},${(top + height - (sample[field] / most) * height).toFixed(1)}`
  })
  return `<text x="${margin}" y="${top - 8}">${field}, at most ${Math.round(most).toLocaleString('en')}; ${Math.round(lastSecond)} s</text>
<line x1="${margin}" x2="${width - margin}" y1="${top + height}" y2="${top + height}" stroke="#999"/>
<polyline fill="none" stroke="#2463eb" points="${points.join(' ')}"/>`
}
