import { OutboxError } from './errors.ts'

/** The part of Standard Schema (https://standardschema.dev) that is used here; zod, valibot, arktype and others have it. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => Validation<Output> | Promise<Validation<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

type Validation<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly Issue[] }

interface Issue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** The payload as its schema returns it; the error names the field inside the payload. */
export async function validatePayload(
  schema: StandardSchema,
  payload: unknown,
  at: string,
): Promise<unknown> {
  const result = await schema['~standard'].validate(payload)
  if (result.issues === undefined) return result.value
  const [issue] = result.issues
  const path = (issue?.path ?? []).map((step) => `.${String(typeof step === 'object' ? step.key : step)}`)
  const field = `${at}payload${path.join('')}`
  throw new OutboxError(
    'invalid_event',
    `${field} does not fit its schema: ${issue?.message ?? 'no reason given'}.`,
    field,
  )
}
