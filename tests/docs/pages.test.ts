import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { addressPolicy } from '../../packages/hub/src/core/address.ts'
import { compileFilter } from '../../packages/hub/src/core/filter.ts'
import { integrationProblems } from '../../packages/hub/src/core/integration-problems.ts'
import { IntegrationSpec } from '../../packages/hub/src/core/integration-spec.ts'
import { check } from '../../packages/hub/src/core/schema.ts'
import { SourceSpec } from '../../packages/hub/src/core/source-spec.ts'
import { registeredMetrics } from '../../packages/hub/src/engine/metrics-testing.ts'
import { readManifest } from '../../packages/hub/src/manifest/read-manifest.ts'
import { exceptionFor, exceptions, readElsewhere } from './not-run.ts'
import {
  isAccountable,
  isCommands,
  isFile,
  isPartOfProgram,
  pages,
  root,
  snippetsOf,
  textOf,
  type Snippet,
} from './snippets.ts'

const snippets = pages.filter((page) => !(page in readElsewhere)).flatMap(snippetsOf)
const nameOf = ({ page, line }: Snippet): string => `${page}:${line}`

/** How a document that nobody runs is checked, by the word behind its language; gives what is wrong with it. */
const checks: Readonly<Record<string, (text: string, language: string) => readonly unknown[]>> = {
  manifest: (text) => manifestProblems(text),
  /** What stands under the name of one, or a part of that. */
  integration: (text, language) => {
    if (language === 'json') return integrationErrors(JSON.parse(text))
    const target = /^target:/m.test(text) ? '' : 'target: { kind: inspect }\n'
    return manifestProblems(`version: 1\nintegrations:\n  one:\n${indented(target + text)}`)
  },
  source: (text, language) =>
    language === 'json'
      ? sourceErrors(JSON.parse(text))
      : manifestProblems(`version: 1\nsources:\n  one:\n${indented(text)}`),
  filter: (text) => {
    const compiled = compileFilter(JSON.parse(text))
    return compiled.ok ? [] : compiled.errors
  },
  /** Rules for Prometheus, over metrics that there are. */
  alerts: (text) => (text.match(/\bhub_[a-z_]+/g) ?? []).filter((name) => !metricNames.has(name)),
  /** What the hub answers, or anybody sends. */
  document: (text) => [JSON.parse(text)].slice(1),
}

const metricNames = new Set(
  registeredMetrics().flatMap(({ name, type }) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
  ),
)

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '    ')
}

function manifestProblems(text: string): readonly unknown[] {
  const reading = readManifest('snippet', text, variablesIn(text))
  if (!reading.ok) return reading.complaints
  const { sources, integrations } = reading.manifest
  return [
    ...Object.values(sources).flatMap(sourceErrors),
    ...Object.values(integrations).flatMap(integrationErrors),
  ]
}

/** Whatever it names is set, to what would do for a secret. */
function variablesIn(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, 'c2VjcmV0'.repeat(5)]),
  )
}

function sourceErrors(value: unknown): readonly unknown[] {
  const checked = check(SourceSpec, value)
  return checked.ok ? [] : checked.errors
}

function integrationErrors(value: unknown): readonly unknown[] {
  const checked = check(IntegrationSpec, value)
  return checked.ok ? integrationProblems(checked.value, addressPolicy([], [])) : checked.errors
}

for (const snippet of snippets) {
  const { language, word, text } = snippet
  const problemsOf = ['yaml', 'json'].includes(language) ? checks[word] : undefined
  if (!problemsOf) continue
  test(`${nameOf(snippet)} is right as: ${word}`, () => assert.deepEqual(problemsOf(text, language), []))
}

test('every snippet is run or checked, or it is said why not', () => {
  const unaccounted = snippets.filter(
    (snippet) =>
      isAccountable(snippet) &&
      !isCommands(snippet) &&
      !isUsed(snippet) &&
      !isPartOfProgram(snippet) &&
      !checks[snippet.word] &&
      !exceptionFor(snippet),
  )
  assert.deepEqual(unaccounted.map(nameOf), [])
})

/** Saved, and then named by a command. */
function isUsed(snippet: Snippet): boolean {
  const commands = snippetsOf(snippet.page).filter(isCommands)
  return (
    isFile(snippet) && commands.some(({ line, text }) => line > snippet.line && text.includes(snippet.word))
  )
}

test('pages that are read elsewhere are', () => {
  for (const [page, file] of Object.entries(readElsewhere)) {
    assert.ok(pages.includes(page), page)
    assert.ok(fs.readFileSync(path.join(root, file), 'utf8').includes(path.basename(page)), file)
  }
})

test('no exception is left over', () => {
  const needless = exceptions.filter(
    (exception) => !snippets.some((snippet) => exceptionFor(snippet) === exception),
  )
  assert.deepEqual(needless, [])
})

test('every link between the pages leads somewhere', () => {
  const broken = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\((?!https?:|mailto:)([^)\s#]*)(#[^)\s]*)?\)/g)]
      .filter(([, file = '', anchor = '']) => !leadsSomewhere(page, file, anchor.slice(1)))
      .map(([link]) => `${page}: ${link}`),
  )
  assert.deepEqual(broken, [])
})

function leadsSomewhere(page: string, file: string, anchor: string): boolean {
  const target = file === '' ? page : path.join(path.dirname(page), file)
  if (!fs.existsSync(path.join(root, target))) return false
  return anchor === '' || !target.endsWith('.md') || anchorsOf(target).includes(anchor)
}

/** As GitHub makes them from headings. */
function anchorsOf(page: string): readonly string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('every page of docs is in the table of contents', () => {
  const contents = textOf('docs/README.md')
  const missing = pages.filter(
    (page) =>
      page.startsWith('docs/') &&
      page !== 'docs/README.md' &&
      !contents.includes(`(${path.relative('docs', page)})`),
  )
  assert.deepEqual(missing, [])
})

/** They run for long or install; the tests of each, and continuous integration itself, run them. */
test('the npm scripts that the pages name exist', () => {
  const manifests = fs.globSync(['package.json', 'packages/*/package.json'], { cwd: root })
  const scripts = new Set(
    manifests.flatMap((manifest) =>
      Object.keys(JSON.parse(fs.readFileSync(path.join(root, manifest), 'utf8')).scripts ?? {}),
    ),
  )
  for (const page of pages) {
    for (const [, , name = ''] of textOf(page).matchAll(/\bnpm (run |(?=start|test))([a-z:-]+)/g))
      assert.ok(scripts.has(name), `${page}: npm run ${name}`)
  }
})

test('the tests and benchmarks that the pages name exist', () => {
  for (const page of pages) {
    for (const [, file = ''] of textOf(page).matchAll(/^node (?:--test )?((?:tests|bench)\/\S+)/gm))
      assert.ok(fs.existsSync(path.join(root, file)), `${page}: ${file}`)
  }
})

test('the pages name no command that does not exist', async () => {
  const { commands } = await import('../../packages/hub/src/cli/commands/index.ts')
  const names = new Set(commands.flatMap(({ name }) => [name, name.split(' ')[0]]))
  for (const page of pages) {
    for (const [, word] of textOf(page).matchAll(/npx hub ([a-z]+)/g))
      assert.ok(names.has(word), `${page}: npx hub ${word}`)
  }
})
