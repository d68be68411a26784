import assert from 'node:assert/strict'
import type { Integration } from '../core/catalog.ts'
import { IntegrationSpec } from '../core/integration-spec.ts'
import { check } from '../core/schema.ts'

/** An integration as the catalog has it, with the defaults of what is left out. */
export function testIntegration(id: number, name: string, spec: object = {}): Integration {
  const checked = check(IntegrationSpec, { target: { kind: 'inspect' }, ...spec })
  assert.ok(checked.ok, JSON.stringify(checked))
  const signing = { current: 'whsec_x', former: [] }
  return { id, name, revision: 1, spec: checked.value, signing }
}
