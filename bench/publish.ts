/** Writes a run's tables into the documentation: `node bench/publish.ts out.json`. */
import fs from 'node:fs'
import path from 'node:path'
import type { BenchDocument } from './document.ts'
import { replaceFigures, writeFigures } from './published.ts'

const page = path.resolve(import.meta.dirname, '../docs/benchmarks.md')
const [file] = process.argv.slice(2)
if (file === undefined) {
  console.error('Name the file that `npm run bench -- --json FILE` wrote.')
  process.exit(1)
}
const document = JSON.parse(fs.readFileSync(file, 'utf8')) as BenchDocument
fs.writeFileSync(page, replaceFigures(fs.readFileSync(page, 'utf8'), writeFigures(document)))
