/** `npm run example NAME`: tells the story of one example with a real hub, and checks that it is true. */
import fs from 'node:fs'
import path from 'node:path'
import type { Tell } from './stage/story.ts'

const names = fs
  .readdirSync(import.meta.dirname)
  .filter((name) => fs.existsSync(path.join(import.meta.dirname, name, 'story.ts')))
const [name = '', ...options] = process.argv.slice(2)
const unknown = options.filter((option) => option !== '--stay')

if (!names.includes(name) || unknown.length > 0) {
  console.error(`Say which example: ${names.map((known) => `npm run example ${known}`).join(' | ')}`)
  console.error('With `-- --stay` behind it, the hub stays for you to look around in.')
  process.exit(2)
}
const { tell } = (await import(`./${name}/story.ts`)) as { readonly tell: Tell }
try {
  await tell({ stay: options.length > 0 })
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
