/**
 * `npm run docs:reference` writes the pages of docs/reference from the schemas that the hub itself goes by; with
 * `--check` it only says which of them are stale.
 */
import fs from 'node:fs'
import path from 'node:path'
import { pages } from './pages.ts'

const directory = path.resolve(import.meta.dirname, '..', '..', 'docs', 'reference')
const written = await pages()

if (process.argv.includes('--check')) {
  const stale = Object.entries(written).filter(([file, text]) => readOr(file) !== text)
  for (const [file] of stale) console.error(`docs/reference/${file} is stale: run \`npm run docs:reference\``)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  fs.mkdirSync(directory, { recursive: true })
  for (const [file, text] of Object.entries(written)) fs.writeFileSync(path.join(directory, file), text)
}

function readOr(file: string): string | null {
  try {
    return fs.readFileSync(path.join(directory, file), 'utf8')
  } catch {
    return null
  }
}
