import { Problem } from '../core/problems.ts'
import type { App } from './app.ts'
import { sendProblem } from './problems.ts'

interface KnownPath {
  readonly pattern: RegExp
  readonly methods: Set<string>
}

/** Unknown paths are 404; known paths with another method are 405 and say which methods there are. */
export function answerUnknownRoutes(app: App): void {
  const paths = new Map<string, KnownPath>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = paths.get(url) ?? { pattern: pathPattern(url), methods: new Set() }
    for (const name of [method].flat()) known.methods.add(name)
    paths.set(url, known)
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const methods = [...paths.values()]
      .filter(({ pattern }) => pattern.test(path))
      .flatMap((known) => [...known.methods])
    if (methods.length === 0)
      return sendProblem(reply, new Problem('not_found', `There is no ${path} here; see /docs.`))
    const allowed = [...new Set(methods)].toSorted().join(', ')
    reply.header('allow', allowed)
    return sendProblem(reply, new Problem('method_not_allowed', `${path} knows ${allowed}.`))
  })
}

function pathPattern(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part.startsWith(':')) return '[^/]+'
    return part === '*' ? '.*' : RegExp.escape(part)
  })
  return new RegExp(`^${parts.join('/')}$`)
}
