import { compileTemplate, refused } from './template.ts'
import type { Result, Template, TemplateValues } from './template.ts'

/** An HTTP target's URL: a fixed origin, and a path with query that may hold variables. */
export interface TargetUrl {
  readonly origin: string
  readonly hostname: string
  readonly path: Template
}

export function compileUrl(text: string): Result<TargetUrl> {
  const template = compileTemplate(text)
  if (!template.ok) return template
  const mark = unusedMark(text)
  const marked = template.value
    .map((part, index) => (typeof part === 'string' ? part : `${mark}${index}${mark}`))
    .join('')
  const url = URL.parse(marked)
  if (!url || url.host.includes(mark) || url.username.includes(mark) || url.password.includes(mark))
    return refused('must be a URL such as https://host/path; variables may stand in its path and query only')
  const problem = urlProblem(url)
  if (problem !== null) return refused(problem)
  const path = `${url.pathname}${url.search}`.split(new RegExp(`${mark}(\\d+)${mark}`))
  if (path.length !== template.value.filter((part) => typeof part !== 'string').length * 2 + 1)
    return refused('must not remove a variable by a ".." segment')
  return {
    ok: true,
    value: {
      origin: url.origin,
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      path: path
        .map((part, index) => (index % 2 === 0 ? part : (template.value[Number(part)] ?? '')))
        .filter((part) => part !== ''),
    },
  }
}

/** A URL without variables. */
export function compileFixedUrl(text: string): Result<Omit<TargetUrl, 'path'> & { readonly path: string }> {
  const url = compileUrl(text)
  if (!url.ok) return url
  const [path, ...more] = url.value.path
  if (typeof path !== 'string' || more.length > 0) return refused('must not hold variables')
  return { ok: true, value: { ...url.value, path } }
}

function urlProblem(url: URL): string | null {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://'
  if (url.username !== '' || url.password !== '') return 'must not hold a user or password; use "auth"'
  if (url.hash !== '') return 'must not have a fragment (#…): it would not be sent'
  return null
}

/** Stands for a variable while the URL is parsed; lower-case letters, which a parser leaves alone everywhere. */
function unusedMark(text: string): string {
  let mark = 'variable'
  while (text.toLowerCase().includes(mark)) mark += 'x'
  return mark
}

/**
 * Each value becomes part of one path segment or one query value. An event must not be able to choose another
 * endpoint, so a missing or empty value is a problem, and so is one that makes a segment `.` or `..`: receivers
 * resolve such segments even when they are percent-encoded.
 */
export function renderPath(template: Template, values: TemplateValues): Result<string> {
  const [only] = template
  if (template.length === 1 && typeof only === 'string') return { ok: true, value: only }
  let path = ''
  for (const part of template) {
    if (typeof part === 'string') {
      path += part
      continue
    }
    const value = part.read(values)
    if (value === null || value === '') return refused(`the event has no {${part.name}}`)
    path += encodeURIComponent(value.toWellFormed())
  }
  if (dotSegment.test(path.split('?', 1)[0] ?? ''))
    return refused('a value would make the path segment "." or ".."')
  return { ok: true, value: path }
}

const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i
