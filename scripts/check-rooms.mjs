// Checks what the linter cannot say: which room may import which, and that SQL stays in the store.
import fs from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')
const everything = ['*']

/** Rooms of the hub, and what each may import besides itself. A file stands for itself, a room for all its files. */
const rooms = {
  core: [],
  'config.ts': ['core'],
  process: ['core', 'config.ts'],
  embedded: ['core', 'process'],
  store: ['core'],
  queue: ['core'],
  'queue/postgres.ts': ['core', 'store'],
  'queue/rabbitmq.ts': ['core', 'store'],
  targets: ['core'],
  sources: ['core'],
  engine: ['core', 'store', 'queue/queue.ts', 'targets/target.ts'],
  manifest: ['core', 'engine'],
  demo: [],
  service: ['core', 'process'],
  backup: ['core', 'store', 'embedded', 'process', 'config.ts', 'version.ts'],
  http: ['core', 'store', 'engine'],
  cli: [
    'core',
    'store',
    'engine',
    'manifest',
    'demo',
    'backup',
    'service',
    'process',
    'config.ts',
    'version.ts',
  ],
  'version.ts': [],
  'hub.ts': everything,
  'main.ts': everything,
}

/** Packages, and rooms of them, with the other packages of this repository that each may use. */
const packages = {
  hub: ['client'],
  client: [],
  outbox: [],
  'outbox/src/hub': ['client'],
  nestjs: ['client', 'outbox'],
  console: ['client'],
}

const sqlRooms = ['store', 'queue/postgres.ts', 'embedded']
/** A `select 1`, which only asks whether anyone is there, is at home anywhere. */
const sql =
  /['"`]\s*(select\s(?!1['"`])|insert into\s|update \w+ set\s|delete from\s|copy \w+|truncate\s|(create|alter|drop) (table|index|role|database|schema|sequence)\s)/i

const importedFrom = /\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g
const isForTests = (file) => /(^|[/-])testing[/.-]|\.test(suite)?\.ts$/.test(file)

const complaints = sourceFiles().flatMap((file) => [...packageComplaints(file), ...roomComplaints(file)])
for (const complaint of complaints) console.error(complaint)
process.exitCode = complaints.length === 0 ? 0 : 1

function sourceFiles() {
  return fs.globSync('packages/*/{src,bin}/**/*.{ts,tsx,js}', { cwd: root, exclude: ['**/node_modules/**'] })
}

function packageComplaints(file) {
  if (isForTests(file)) return []
  const own = file.split(path.sep)[1]
  const [allowed = []] = Object.entries(packages)
    .filter(([at]) => file.startsWith(path.join('packages', at, path.sep)))
    .map(([, others]) => others)
    .toReversed()
  return (
    imports(file)
      .map((specifier) => ({ specifier, other: packageOf(file, specifier) }))
      .filter(({ other }) => other !== null && other !== own && !allowed.includes(other))
      // What tests stand on, such as a database made for them, is there once for all packages.
      .filter(({ specifier }) => !isForTests(file) || !isForTests(specifier))
      .map(({ specifier, other }) => `${file}: imports ${specifier}, but ${own} may not know ${other}`)
  )
}

function packageOf(file, specifier) {
  const scoped = /^@integration-hub\/([\w-]+)/.exec(specifier)
  if (scoped) return scoped[1]
  if (!specifier.startsWith('.')) return null
  const [top, name] = path.join(path.dirname(file), specifier).split(path.sep)
  return top === 'packages' ? name : null
}

function roomComplaints(file) {
  const source = path.join('packages', 'hub', 'src')
  if (!file.startsWith(source) || isForTests(file)) return []
  const own = path.relative(source, file)
  const allowed = allowedFor(own)
  if (!allowed) return [`${file}: is in no known room; add it to scripts/check-rooms.mjs`]
  const wrong = imports(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => path.join(path.dirname(own), specifier))
    .filter((other) => !other.startsWith('..') && !isAllowed(own, other, allowed))
    .map((other) => `${file}: imports ${other}, but may only import ${allowed.join(', ') || 'its own room'}`)
  const hasSql = !isIn(own, sqlRooms) && sql.test(fs.readFileSync(path.join(root, file), 'utf8'))
  return hasSql ? [...wrong, `${file}: holds SQL, which belongs into store/`] : wrong
}

function allowedFor(own) {
  return rooms[own] ?? rooms[own.split(path.sep)[0]]
}

function isAllowed(own, other, allowed) {
  if (isForTests(other)) return false
  const ownRoom = own.split(path.sep)[0]
  return allowed === everything || other.startsWith(`${ownRoom}/`) || isIn(other, allowed)
}

function isIn(file, places) {
  return places.some((place) => file === place || file.startsWith(`${place}/`))
}

function imports(file) {
  return [...fs.readFileSync(path.join(root, file), 'utf8').matchAll(importedFrom)].map(
    ([, specifier]) => specifier,
  )
}
