import assert from 'node:assert/strict'
import { Problem, type ProblemCode } from '../core/problems.ts'
import { check } from '../core/schema.ts'
import { SourceSpec } from '../core/source-spec.ts'
import type { IncomingRequest } from './request.ts'

export interface RequestParts {
  readonly method?: string
  readonly headers?: IncomingRequest['headers']
  readonly query?: IncomingRequest['query']
  readonly body?: string | Buffer
  readonly receivedAt?: Date
}

export function request(parts: RequestParts = {}): IncomingRequest {
  return {
    method: parts.method ?? 'POST',
    headers: parts.headers ?? {},
    query: parts.query ?? {},
    body: Buffer.from(parts.body ?? ''),
    receivedAt: parts.receivedAt ?? new Date('2026-01-31T12:00:00Z'),
  }
}

/** A source as it is after its settings have been checked and filled. */
export function source(settings: object = {}): { readonly spec: SourceSpec } {
  const checked = check(SourceSpec, settings)
  assert.ok(checked.ok, JSON.stringify(checked))
  return { spec: checked.value }
}

/** Runs what must end in a problem of this code, and returns it for a closer look. */
export function problemOf(code: ProblemCode, run: () => unknown): Problem {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof Problem, String(error))
    assert.equal(error.code, code, error.detail)
    return error
  }
  return assert.fail(`expected the problem ${code}`)
}
