import assert from 'node:assert/strict'
import { locateService, type ServiceName } from '../../scripts/services.ts'

export interface FoundService {
  /** Of its program or file; empty where it is missing, and the test skipped. */
  readonly path: string
  /** For `test(…, { skip })`. */
  readonly skip: string | false
}

/** Where a program of the system is. One that is missing skips the tests that need it, and fails continuous integration. */
export function findService(name: ServiceName): FoundService {
  const path = locateService(name)
  if (path !== null) return { path, skip: false }
  const reason = `${name} is not installed; \`npm run services -- ${name}\` installs it`
  assert.ok(!process.env['CI'], reason)
  return { path: '', skip: reason }
}
