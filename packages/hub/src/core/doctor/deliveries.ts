import { counted, lasting } from '../words.ts'
import type { Facts, Finding, IntegrationFacts } from './facts.ts'
import { ok, orWell } from './words.ts'

const stuckAfterMs = 60_000

/** How each integration fares. */
export function deliveryFindings({ integrations }: Facts): readonly Finding[] {
  const findings = integrations.flatMap((integration) => [
    ...flow(integration),
    ...letters(integration),
    ...leftover(integration),
  ])
  return orWell(findings, ok('deliveries', 'All targets take what they are sent, and nothing is dead.'))
}

function flow(integration: IntegrationFacts): readonly Finding[] {
  const { name, backlog, isPaused, circuit, openForMs, attemptsPerSecond, failuresPerSecond } = integration
  const waits = counted(backlog, 'delivery waits', 'deliveries wait')
  if (isPaused) {
    if (backlog === 0) return []
    return [
      finding(
        'deliveries',
        'note',
        `${name} is paused, and ${waits} for it.`,
        'Resume it when its target is ready.',
      ),
    ]
  }
  if (circuit.isOpen) {
    const why = circuit.isForced ? 'by a person' : (circuit.reason ?? 'because its target fails')
    return [
      finding(
        'deliveries',
        'warning',
        `The circuit of ${name} has been open for ${lasting(openForMs)} (${why}), and ${waits}.`,
        circuit.isForced
          ? 'Close it when its target is ready.'
          : 'Mend the target; the hub probes it and goes on by itself.',
      ),
    ]
  }
  if (isStuck(integration))
    return [
      finding(
        'deliveries',
        'problem',
        `${name} does not move: ${waits}, the oldest for ${lasting(integration.oldestPendingAgeMs ?? 0)}, and nothing was tried in the last minute.`,
        'Restart the hub; nothing is lost by it. Then report it, with the log.',
      ),
    ]
  if (attemptsPerSecond > 0 && failuresPerSecond > attemptsPerSecond / 2)
    return [
      finding(
        'deliveries',
        'warning',
        `More than half of the attempts of ${name} fail, and ${waits}.`,
        `See why: \`hub deliveries list --integration ${name}\`.`,
      ),
    ]
  return []
}

/** Something is due, nothing keeps it back, and nobody tries it. */
function isStuck({
  backlog,
  waiting,
  processing,
  attemptsPerSecond,
  oldestPendingAgeMs,
}: IntegrationFacts): boolean {
  const isDue = backlog - waiting - processing > 0
  return isDue && attemptsPerSecond === 0 && (oldestPendingAgeMs ?? 0) > stuckAfterMs
}

function letters({ name, dead, manual }: IntegrationFacts): readonly Finding[] {
  const findings: Finding[] = []
  if (manual > 0)
    findings.push(
      finding(
        'deliveries',
        'warning',
        `${counted(manual, 'delivery', 'deliveries')} of ${name} wait for a person.`,
        `\`hub deliveries list --integration ${name} --status MANUAL\`, then resolve, retry or cancel each.`,
      ),
    )
  if (dead > 0)
    findings.push(
      finding(
        'deliveries',
        'note',
        `${counted(dead, 'delivery', 'deliveries')} of ${name} are dead.`,
        `When the cause is mended: \`hub replay ${name} --status DEAD\`.`,
      ),
    )
  return findings
}

/** What `hub listen` makes and, when it is killed, leaves behind. */
function leftover({ name, targetKind }: IntegrationFacts): readonly Finding[] {
  if (targetKind !== 'inspect' || !/^listen-.*-[0-9a-f]{6}$/.test(name)) return []
  const message = `${name} was made by \`hub listen\`.`
  return [finding('deliveries', 'note', message, 'If nobody listens any more, delete it.')]
}

function finding(check: string, severity: Finding['severity'], message: string, remedy: string): Finding {
  return { check, severity, message, remedy }
}
