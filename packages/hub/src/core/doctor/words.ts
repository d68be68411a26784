import type { Finding } from './facts.ts'

export function ok(check: string, message: string): Finding {
  return { check, severity: 'ok', message, remedy: null }
}

/** What was found, or that all is well. */
export function orWell(findings: readonly Finding[], well: Finding): readonly Finding[] {
  return findings.length > 0 ? findings : [well]
}
