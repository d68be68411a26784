// Writes src/openapi.ts from the API as it is: npm run generate --workspace packages/client [-- --check]
import fs from 'node:fs'
import path from 'node:path'
import { format, resolveConfig } from 'prettier'
import type { OpenApiDocument } from '../../hub/src/http/openapi/document.ts'
import { adminHeaders, buildTestApp, fakeHub } from '../../hub/src/http/testing.ts'
import { apiTypes } from './api-types.ts'

const file = path.resolve(import.meta.dirname, '../src/openapi.ts')

const text = await currentTypes()
if (!process.argv.includes('--check')) fs.writeFileSync(file, text)
else if (fs.readFileSync(file, 'utf8') !== text) {
  console.error(
    'The API has changed: write its types anew with `npm run generate --workspace packages/client`, and commit them.',
  )
  process.exitCode = 1
}

async function currentTypes(): Promise<string> {
  const app = buildTestApp(fakeHub())
  const answer = await app.inject({ url: '/openapi.json', headers: adminHeaders })
  const options = await resolveConfig(file)
  return format(apiTypes(answer.json<OpenApiDocument>()), { ...options, parser: 'typescript' })
}
