import type { Api } from './api.ts'
import { writeLine, type Output } from './output.ts'
import { harmless } from './text.ts'

/** A whole request that an `inspect` target got. */
export interface InspectedRequest {
  readonly receivedAt: string
  readonly integration: string
  readonly eventId: string
  readonly deliveryId: string
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: readonly { readonly name: string; readonly value: string }[]
    readonly body?: string
    readonly bodyBase64?: string
  }
}

export async function readInspected(
  api: Api,
  query: { readonly integration?: string; readonly eventId?: string; readonly limit: number },
): Promise<readonly InspectedRequest[]> {
  const { items } = await api.get<{ readonly items: readonly InspectedRequest[] }>('/v1/inspected', query)
  return items
}

export function bodyOf({ request }: InspectedRequest): Buffer {
  return request.bodyBase64 === undefined
    ? Buffer.from(request.body ?? '')
    : Buffer.from(request.bodyBase64, 'base64')
}

/** As it went over the wire: headers, signature and body. */
export function writeRequest(output: Output, inspected: InspectedRequest): void {
  const { method, url, headers, body, bodyBase64 } = inspected.request
  const path = new URL(url).pathname
  writeLine(output, `  ${output.paint('bold', `${method} ${harmless(path)}`)}`)
  for (const { name, value } of headers)
    writeLine(output, `  ${output.paint('cyan', harmless(name))}: ${harmless(value)}`)
  writeLine(output)
  const text = body ?? `(${Buffer.from(bodyBase64 ?? '', 'base64').length} bytes that are not text)`
  for (const line of harmless(text).split('\n')) writeLine(output, `  ${line}`)
  writeLine(output)
}
