const usualSeed = 20_26

/**
 * How many random histories a property goes through: as many as a test run has time for, or, where more are asked for
 * (`npm run test:properties`), those. One that takes `cost` times as long as the others gets the fewer.
 */
export function histories(usualRuns: number, cost = 1): { readonly seed: number; readonly numRuns: number } {
  const { HUB_TEST_HISTORIES: asked, HUB_TEST_SEED: seed } = process.env
  const numRuns = Math.max(usualRuns, Math.ceil(Number(asked ?? 0) / cost))
  return { seed: Number(seed ?? usualSeed), numRuns }
}
