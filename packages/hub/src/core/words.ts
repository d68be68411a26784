const units = [
  { ms: 86_400_000, word: 'day' },
  { ms: 3_600_000, word: 'hour' },
  { ms: 60_000, word: 'minute' },
  { ms: 1_000, word: 'second' },
] as const

/** As people say it, in its largest unit. */
export function lasting(ms: number): string {
  const unit = units.find((candidate) => ms >= candidate.ms)
  return unit ? counted(Math.floor(ms / unit.ms), unit.word) : `${Math.round(ms)} ms`
}

/** `1 delivery`, `2,000 deliveries`. */
export function counted(count: number, word: string, many = `${word}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? word : many}`
}

export function sized(bytes: number): string {
  const gibibytes = bytes / 1024 ** 3
  return gibibytes >= 1 ? `${gibibytes.toFixed(1)} GiB` : `${Math.round(bytes / 1024 ** 2)} MiB`
}
