import { isUtf8 } from 'node:buffer'
import { Problem } from '../core/problems.ts'
import type { App } from './app.ts'
import { BodyBudget, readBody } from './body.ts'

const mebibyte = 1024 * 1024

/** How many bytes a body may have, by what it holds. */
export const bodyLimits = {
  usual: mebibyte,
  /** The document of a contract alone may take 6 MiB: JSON can write a character in twelve bytes. */
  integration: 8 * mebibyte,
  manifest: 16 * mebibyte,
} as const

const remedy = 'No setting of the hub raises that: send less, or send it in parts.'

/** JSON, by whatever content type says so. An empty body is none, as many clients say JSON without sending any. */
export function parseJsonBodies(app: App): void {
  const budget = new BodyBudget(64 * mebibyte)
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(/^application\/([^;]+\+)?json\b/i, (request, _payload, done) => {
    const { bodyLimit: limitBytes } = request.routeOptions
    readBody(request.raw, { budget, limitBytes, remedy }, (error, body) => {
      if (error || !body) return done(error)
      budget.giveBack(body.length)
      if (body.length === 0) return done(null)
      if (!isUtf8(body)) return done(new Problem('invalid_json', 'The body is not UTF-8.'))
      void parse(request, body.toString(), done)
    })
  })
}
