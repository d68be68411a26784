/** The things of these names, at least one. */
export function choose<T extends { readonly name: string }>(
  what: string,
  names: string,
  all: readonly T[],
): readonly [T, ...T[]] {
  const [first = '', ...rest] = names.split(',')
  return [find(what, first, all), ...rest.map((name) => find(what, name, all))]
}

function find<T extends { readonly name: string }>(what: string, name: string, all: readonly T[]): T {
  const found = all.find((one) => one.name === name)
  if (found) return found
  throw new Error(`there is no ${what} "${name}"; known are ${all.map((one) => one.name).join(', ')}`)
}
