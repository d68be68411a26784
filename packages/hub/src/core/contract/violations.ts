import type { ErrorObject } from 'ajv'

const mostShown = 3
const longestShown = 200

/** The first violations, each with the JSON pointer of what is wrong. Names fields, but tells no values. */
export function describeViolations(errors: readonly ErrorObject[]): string {
  const all = [...new Set(errors.map(describe))]
  const more = all.length - mostShown
  return `${all.slice(0, mostShown).join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}

function describe(error: ErrorObject): string {
  const where = error.instancePath === '' ? 'it' : shortened(error.instancePath)
  return `${where} ${shortened(says(error))}`
}

function says({ keyword, params, message }: ErrorObject): string {
  const { additionalProperty, unevaluatedProperty, allowedValues } = params as Record<string, unknown>
  const unwanted = additionalProperty ?? unevaluatedProperty
  if (typeof unwanted === 'string') return `must not have ${JSON.stringify(unwanted)}`
  if (Array.isArray(allowedValues))
    return `must be one of ${allowedValues.map((value) => JSON.stringify(value)).join(', ')}`
  return (message ?? `breaks "${keyword}"`).replaceAll("'", '"')
}

function shortened(text: string): string {
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}
