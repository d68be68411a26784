export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

/** Of sorted values: the smallest that at least this share does not exceed. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return NaN
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN
}
