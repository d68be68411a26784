import { mayForward } from '../core/target-headers.ts'
import { headerOf, type IncomingRequest } from './request.ts'

type KeepHeaders = (request: IncomingRequest) => Readonly<Record<string, string>>

/** Cookies are credentials, and the others speak of the sender's connection to us. */
const neverKept = new Set(['cookie', 'cookie2', 'set-cookie', 'accept-encoding', 'content-encoding'])

/** The request headers that patterns such as `x-okdesk-*` choose, to be handed on with every delivery. */
export function compileKeptHeaders(patterns: readonly string[]): KeepHeaders {
  if (patterns.length === 0) return () => ({})
  const lower = patterns.map((pattern) => pattern.toLowerCase())
  const names = new Set(lower.filter((pattern) => !pattern.endsWith('*')))
  const prefixes = lower.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1))
  const isWanted = (name: string): boolean =>
    names.has(name) || prefixes.some((prefix) => name.startsWith(prefix))
  return (request) => {
    const kept: Record<string, string> = {}
    for (const name of Object.keys(request.headers)) {
      if (!isWanted(name) || neverKept.has(name) || !mayForward(name)) continue
      const value = headerOf(request, name)
      if (value !== null) kept[name] = value
    }
    return kept
  }
}
