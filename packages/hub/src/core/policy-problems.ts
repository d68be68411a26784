import type { IntegrationSpec } from './integration-spec.ts'
import type { FieldError } from './schema.ts'
import type { SourceSpec } from './source-spec.ts'

type Policies = Omit<IntegrationSpec, 'sources' | 'types' | 'filter'>

/** Where policies contradict themselves, so that one of them could never do what it says. These are refused. */
export function policyProblems(spec: Policies): readonly FieldError[] {
  return [...circuitProblems(spec), ...retryProblems(spec), ...answerProblems(spec)]
}

function circuitProblems({ circuit }: Policies): readonly FieldError[] {
  if (circuit.maxOpenMs >= circuit.openMs) return []
  return [{ path: '/circuit/maxOpenMs', message: `must not be below openMs, ${circuit.openMs}` }]
}

function retryProblems({ retry }: Policies): readonly FieldError[] {
  const firstMs = Math.floor((retry.delaysMs[0] ?? 0) * (1 - retry.jitter))
  if (retry.maxAttempts === 1 || retry.giveUpAfterMs >= firstMs) return []
  const message =
    `ends every event before its second attempt: the first delay alone is ${retry.delaysMs[0]} ms; ` +
    'give it more time, shorten delaysMs, or set maxAttempts to 1'
  return [{ path: '/retry/giveUpAfterMs', message }]
}

function answerProblems({ target }: Policies): readonly FieldError[] {
  if (target.kind !== 'http') return []
  const both = target.permanent.filter((status) => target.success.includes(status))
  if (both.length === 0) return []
  return [{ path: '/target/permanent', message: `holds ${both.join(', ')}, which is also success` }]
}

/** What is odd and may be meant: it is stored, and said. `sources` are all that the hub has. */
export function policyWarnings(
  spec: IntegrationSpec,
  sources: readonly { readonly name: string; readonly spec: SourceSpec }[],
): readonly FieldError[] {
  return [
    ...orderWarnings(spec, sources),
    ...circuitWarnings(spec),
    ...timeWarnings(spec),
    ...statusWarnings(spec),
  ]
}

function orderWarnings(
  { ordering, sources: wanted }: IntegrationSpec,
  sources: Parameters<typeof policyWarnings>[1],
): readonly FieldError[] {
  if (ordering !== 'subject') return []
  const silent = sources
    .filter(({ name, spec }) => spec.subject === undefined && (wanted?.includes(name) ?? true))
    .map(({ name }) => name)
  if (silent.length === 0) return []
  const shown = silent.length > 5 ? [...silent.slice(0, 5), '…'] : silent
  const message =
    `orders by subject, but ${shown.join(', ')} ${silent.length === 1 ? 'does' : 'do'} not say where a subject is ` +
    'found: what comes from there without ce-subject goes out in no order'
  return [{ path: '/ordering', message }]
}

function circuitWarnings({ circuit, rateLimit }: IntegrationSpec): readonly FieldError[] {
  const { enabled, failureRate, failures, windowMs } = circuit
  if (failureRate === undefined) return []
  if (!enabled)
    return [{ path: '/circuit/failureRate', message: 'does nothing while the circuit is not enabled' }]
  if (!rateLimit) return []
  const most = Math.floor((rateLimit.perSecond * windowMs) / 1_000) + (rateLimit.burst ?? rateLimit.perSecond)
  if (most >= failures) return []
  const message =
    `is never reached: it takes ${failures} attempts (failures) in a window, and the rate limit lets ` +
    `${Math.floor(most)} go out in ${windowMs} ms`
  return [{ path: '/circuit/failureRate', message }]
}

function timeWarnings({
  target,
  retry,
  expireAfterDays,
  onExhausted,
}: IntegrationSpec): readonly FieldError[] {
  const warnings: FieldError[] = []
  if (target.kind === 'http' && retry.maxAttempts > 1 && target.timeoutMs > retry.giveUpAfterMs)
    warnings.push({
      path: '/target/timeoutMs',
      message: `is longer than giveUpAfterMs, ${retry.giveUpAfterMs}: what times out once is given up`,
    })
  const expiresMs = expireAfterDays === undefined ? Infinity : expireAfterDays * 86_400_000
  if (onExhausted === 'manual' && expiresMs < retry.giveUpAfterMs)
    warnings.push({
      path: '/expireAfterDays',
      message:
        'is over before giveUpAfterMs is: what is not delivered until then is dead and not handed to a person',
    })
  return warnings
}

/** 429, 502, 503 and 504 say "later", whatever the target's operator thinks of it. */
const passing = [429, 502, 503, 504]

function statusWarnings({ target }: IntegrationSpec): readonly FieldError[] {
  if (target.kind !== 'http') return []
  const ended = passing.filter(
    (status) =>
      !target.success.includes(status) &&
      (target.permanent.includes(status) || target.permanent.includes(`${Math.floor(status / 100)}xx`)),
  )
  if (ended.length === 0) return []
  const message = `has ${ended.join(', ')} in it, which mean "later": an outage makes dead letters of all that waits`
  return [{ path: '/target/permanent', message }]
}
