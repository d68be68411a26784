/** Writes the tables of a run, or of several, into the documentation: `node bench/publish.ts out.json more.json`. */
import fs from 'node:fs'
import path from 'node:path'
import { join, type BenchDocument } from './document.ts'
import { replaceFigures, writeFigures } from './published.ts'

const page = path.resolve(import.meta.dirname, '../docs/benchmarks.md')
const [first, ...others] = process.argv
  .slice(2)
  .map((file) => JSON.parse(fs.readFileSync(file, 'utf8')) as BenchDocument)
if (first === undefined) {
  console.error('Name the files that `npm run bench -- --json FILE` wrote.')
  process.exit(1)
}
fs.writeFileSync(page, replaceFigures(fs.readFileSync(page, 'utf8'), writeFigures(join(first, ...others))))
