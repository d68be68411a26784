import { runBounded, TookTooLong } from './contract/bounded.ts'
import { compileContract, type Contract } from './contract/contract.ts'
import { ContractProblem } from './contract/openapi-document.ts'
import type { HttpTarget } from './integration-spec.ts'
import type { FieldError } from './schema.ts'
import { compileUrl } from './target-url.ts'

/** Half a megabyte of YAML took 1 s on a busy machine. */
const compileMs = 5_000

/** What is wrong with a target's contract, or with the target by its contract. Paths begin at the target. */
export function contractProblems(target: HttpTarget): FieldError[] {
  const { openapi } = target
  if (openapi === undefined) return []
  try {
    const contract = runBounded(() => compileContract(openapi), compileMs)
    return contradictions(target, contract)
  } catch (error) {
    if (error instanceof ContractProblem) return [{ path: `/openapi/${error.field}`, message: error.message }]
    if (!(error instanceof TookTooLong)) throw error
    const message = `${error.message} to read; give only what the operation needs`
    return [{ path: '/openapi/document', message }]
  }
}

/** What would break the contract with every event is told at once. */
function contradictions(target: HttpTarget, { operation }: Contract): FieldError[] {
  const errors: FieldError[] = []
  if (operation.method !== target.method) {
    const message = `is called by ${operation.method}, but "method" is ${target.method}`
    errors.push({ path: '/openapi/operationId', message })
  }
  const given = queryNames(target.url)
  for (const name of operation.requiredQuery.filter((required) => !given.has(required)))
    errors.push({
      path: '/url',
      message: `lacks the query parameter "${name}", which the operation requires`,
    })
  if (target.envelope === 'headers') return errors
  // With the envelope a header may also be one of it, or one kept from the sender.
  const headers = new Set(Object.keys(target.headers).map((name) => name.toLowerCase()))
  for (const name of operation.requiredHeaders.filter((required) => !headers.has(required)))
    errors.push({ path: '/headers', message: `lacks "${name}", which the operation requires` })
  return errors
}

function queryNames(text: string): ReadonlySet<string> {
  const url = compileUrl(text)
  if (!url.ok) return new Set()
  const path = url.value.path.map((part) => (typeof part === 'string' ? part : part.name)).join('')
  return new Set(new URLSearchParams(path.split('?').slice(1).join('?')).keys())
}
