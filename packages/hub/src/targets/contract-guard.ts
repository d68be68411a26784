import { compileContract, type CheckedRequest, type Contract } from '../core/contract/contract.ts'
import type { OpenApiContract } from '../core/integration-spec.ts'
import type { Outcome } from '../core/outcome.ts'
import { misconfigured, notSent } from './not-sent.ts'

/** Null: the request may leave. */
export type Guard = (request: CheckedRequest, at: Date) => Outcome | null

/**
 * Lets only those requests leave that keep to the target's contract. Compiled when the first one comes: at a start
 * with many integrations the time for all at once would be missed elsewhere.
 */
export function contractGuard(openapi: OpenApiContract): Guard {
  let contract: Contract | null = null

  function check(request: CheckedRequest, at: Date): Outcome | null {
    contract ??= compileContract(openapi)
    const finding = contract.check(request)
    if (finding === null) return null
    const message = `The request to ${openapi.operationId} ${finding.message}.`
    return finding.kind === 'broken'
      ? notSent('permanent', 'contract', message, at)
      : notSent('failed', 'misconfigured', message, at)
  }

  return (request, at) => {
    try {
      return check(request, at)
    } catch (error) {
      // It got past its checks and can't be used all the same.
      const said = error instanceof Error ? error.message : String(error)
      return misconfigured(`its OpenAPI document ${said}`, at)
    }
  }
}
