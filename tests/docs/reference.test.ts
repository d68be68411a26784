import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { IntegrationSpec } from '../../packages/hub/src/core/integration-spec.ts'
import { SourceSpec } from '../../packages/hub/src/core/source-spec.ts'
import { pages } from '../../scripts/reference/pages.ts'
import { asSchema, undescribed } from '../../scripts/reference/schema.ts'

const directory = path.resolve(import.meta.dirname, '..', '..', 'docs', 'reference')
const written = await pages()

for (const [file, text] of Object.entries(written)) {
  test(`docs/reference/${file} says what the schemas say`, () => {
    const found = fs.readFileSync(path.join(directory, file), 'utf8')
    assert.ok(found === text, 'it is stale: run `npm run docs:reference`')
  })
}

test('nothing else is among the pages that are written', () => {
  assert.deepEqual(fs.readdirSync(directory).toSorted(), Object.keys(written).toSorted())
})

/** Fields whose names say it all. */
const telling =
  /(^|\.)(description|target|username|password|token|secret|clientId|clientSecret|audience|query|challenge)$/

test('every other field says what it means', () => {
  const silent = [SourceSpec, IntegrationSpec].flatMap((schema) => undescribed(asSchema(schema)))
  assert.deepEqual(
    silent.filter((name) => !telling.test(name)),
    [],
  )
})
