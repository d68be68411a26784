import type { OpenApiDocument, Operation, Parameter, Response } from './document.ts'
import { escapeHtml, prose } from './html.ts'
import { schemaHtml } from './schema-html.ts'
import { introduction } from './texts.ts'

interface Entry {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

/** The document as a page to read: no script, nothing from elsewhere. */
export function referencePage(document: OpenApiDocument): string {
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  const groups = document.tags.map(({ name, description }) => ({
    name,
    description,
    entries: entries.filter(({ operation }) => operation.tags.includes(name)),
  }))
  const links = groups.flatMap((group) => group.entries).map(linkHtml)
  const sections = groups.map(
    (group) =>
      `<h2>${escapeHtml(capitalised(group.name))}</h2><p>${prose(group.description)}</p>` +
      group.entries.map(entryHtml).join(''),
  )
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) => `<section id="${name}"><h3>${escapeHtml(name)}</h3>${schemaHtml(schema)}</section>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Integration Hub API</title>
<link rel="stylesheet" href="/docs/reference.css">
</head>
<body>
<header><h1>Integration Hub API</h1>
${introduction
  .split('\n\n')
  .map((paragraph) => `<p>${prose(paragraph)}</p>`)
  .join('\n')}
<p>The same for machines: <a href="/docs/openapi.json">OpenAPI 3.1</a>.</p>
<nav><ul>${links.join('')}</ul></nav></header>
<main>
${sections.join('\n')}
<h2>Schemas</h2>
${schemas.join('\n')}
</main>
</body>
</html>
`
}

function linkHtml({ method, path, operation }: Entry): string {
  return `<li><a href="#${operation.operationId}"><span class="method">${method}</span> ${escapeHtml(path)}</a></li>`
}

function entryHtml({ method, path, operation }: Entry): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation
  return [
    `<section id="${operationId}">`,
    `<h3><code><span class="method">${method}</span> ${escapeHtml(path)}</code></h3>`,
    `<p><strong>${prose(summary)}.</strong> ${prose(description ?? '')}</p>`,
    parameters.length === 0 ? '' : `<table>${parameters.map(parameterHtml).join('')}</table>`,
    requestBody ? contentHtml('Body', requestBody.content) : '',
    Object.entries(responses).map(responseHtml).join(''),
    '</section>',
  ].join('\n')
}

function parameterHtml({ name, in: where, required, description, schema }: Parameter): string {
  const note = required ? `${where}, required` : where
  const text = description === undefined ? '' : `<br>${prose(description)}`
  return `<tr><td><code>${escapeHtml(name)}</code></td><td class="note">${note}</td><td>${schemaHtml(schema)}${text}</td></tr>`
}

function responseHtml([status, { description, content, $ref }]: [string, Response]): string {
  if ($ref !== undefined) return ''
  const title = `${status} ${description ?? ''}`
  return content ? contentHtml(title, content) : `<p>${prose(title)}</p>`
}

function contentHtml(title: string, content: Readonly<Record<string, { readonly schema: object }>>): string {
  const [schema] = Object.values(content)
  const types = Object.keys(content).join(', ')
  return (
    `<details><summary>${prose(title)} <span class="note">${escapeHtml(types)}</span></summary>` +
    `${schemaHtml(schema?.schema)}</details>`
  )
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
