import { buildApp } from '../../packages/hub/src/http/app.ts'
import type { OpenApiDocument, Operation, Parameter } from '../../packages/hub/src/http/openapi/document.ts'
import { adminHeaders, fakeHub } from '../../packages/hub/src/http/testing.ts'
import { code, page, table, valueCode } from './markdown.ts'
import { fieldTables, typeText, type Schema } from './schema.ts'

interface Route {
  readonly title: string
  readonly operation: Operation
}

export async function apiPage(): Promise<string> {
  const document = await openApi()
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      title: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  )
  const groups = document.tags.map(({ name, description }) => ({
    title: `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`,
    description,
    routes: routes.filter(({ operation }) => operation.tags.includes(name)),
  }))
  return page('API', 'the routes in `packages/hub/src/http/routes`', [
    'A running hub shows the same at `/docs`, and for machines as OpenAPI 3.1 at `/openapi.json`; `npx hub openapi` prints that.',
    String(document.info['description']),
    ...groups.map((group) => `**${group.title}**\n\n${group.routes.map(link).join('\n')}`),
    ...groups.flatMap((group) => [`## ${group.title}`, group.description, ...group.routes.flatMap(section)]),
  ])
}

async function openApi(): Promise<OpenApiDocument> {
  const app = buildApp(fakeHub())
  try {
    return (await app.inject({ url: '/openapi.json', headers: adminHeaders })).json()
  } finally {
    await app.close()
  }
}

function link({ title, operation }: Route): string {
  return `- [${code(title)}](#${anchor(title)}) ${operation.summary}`
}

/** As GitHub makes one from a heading. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

function section({ title, operation }: Route): readonly string[] {
  const { summary, description = '', parameters = [], requestBody } = operation
  return [
    `### ${title}`,
    `${summary}. ${description}`.trim(),
    ...(parameters.length > 0 ? [parameterTable(parameters)] : []),
    ...bodyOf(requestBody?.content),
    ...answersOf(operation),
  ]
}

function parameterTable(parameters: readonly Parameter[]): string {
  return table(
    ['parameter', 'what it holds', 'meaning'],
    parameters.map(({ name, in: where, required, description = '', schema }) => {
      const { default: value } = schema as Schema
      const otherwise = value === undefined ? '' : ` Default: ${valueCode(value)}.`
      return [
        `${code(name)}, ${where}${required ? ', required' : ''}`,
        typeText(schema),
        description + otherwise,
      ]
    }),
  )
}

type Content = NonNullable<Operation['requestBody']>['content']

function bodyOf(content: Content | undefined): readonly string[] {
  const [body] = Object.values(content ?? {})
  if (!content || !body) return []
  const schema = body.schema as Schema
  const types = Object.keys(content).map(code).join(', ')
  if (!schema.properties) return [`Body: ${typeText(schema)} (${types}).`]
  return [`Body (${types}):`, ...fieldTables(schema, '####')]
}

function answersOf({ responses }: Operation): readonly string[] {
  return Object.entries(responses)
    .filter(([, { $ref }]) => $ref === undefined)
    .flatMap(([status, { description = '', content }]) => {
      const [type, body] = Object.entries(content ?? {})[0] ?? []
      const schema = body?.schema as Schema | undefined
      const head = `**${status}** ${description}`
      if (!schema || type === undefined) return [`${head}.`]
      if (!schema.properties) return [`${head}: ${typeText(schema)} (${code(type)}).`]
      return [`${head} (${code(type)}): ${Object.entries(schema.properties).map(answerField).join(', ')}.`]
    })
}

/** Enough to know what is there; `/docs` shows all of it. */
function answerField([name, field]: readonly [string, Schema]): string {
  const inner = field.items?.properties ?? field.properties
  return inner ? `${code(name)} (${Object.keys(inner).map(code).join(', ')})` : code(name)
}
