// Installs what the lockfile says, when it is not installed yet. Plain JavaScript for any Node from 18 on, because it
// runs before the Node that the project brings along is there.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const at = (...parts) => path.join(root, ...parts)
const neededNodeMajor = 26
const projectNode = at('node_modules', '.bin', 'node')
const lockFile = at('.setup.lock')
const stampFile = at('node_modules', '.setup-stamp')
const lockOutdatedAfterMs = 15 * 60_000

if (!isStamped()) await setUp()

async function setUp() {
  await takeLock()
  try {
    // Another run may have done it while this one waited.
    if (isStamped()) return
    await install()
    checkNode()
    fs.writeFileSync(stampFile, fingerprint())
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  } finally {
    fs.rmSync(lockFile, { force: true })
  }
}

function isStamped() {
  return readOr(stampFile, '') === fingerprint()
}

/** What an installation depends on: manifests, lockfile and the platform (a shared directory, another machine). */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  const workspaces = fs.readdirSync(at('packages')).map((name) => at('packages', name, 'package.json'))
  for (const file of [at('package.json'), at('package-lock.json'), ...workspaces])
    hash.update(readOr(file, ''))
  return hash.digest('hex')
}

async function install() {
  console.error('Installing the dependencies (about ten seconds, once) ...')
  const npmScript = process.env.npm_execpath ?? ''
  const [command, first] = npmScript.endsWith('npm-cli.js') ? [process.execPath, [npmScript]] : ['npm', []]
  // Not `npm ci`: it refuses the lockfile when a registry lacks some binary of another platform, and it empties
  // node_modules under a hub that runs from it.
  const npm = spawn(
    command,
    [...first, 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const output = []
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk) => output.push(chunk))
  let stoppedBy = ''
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      stoppedBy = signal
      npm.kill(signal)
    })
  }
  const ending = await new Promise((resolve) => {
    npm.once('error', (error) => resolve(error.message))
    npm.once('close', (code, signal) => resolve(signal ?? code))
  })
  if (ending === 0) return
  if (stoppedBy) throw new Error(`Stopped by ${stoppedBy} while installing the dependencies.`)
  const cause = Buffer.concat(output).toString().trim().split('\n').slice(0, 12).join('\n') || ending
  throw new Error(
    'The dependencies could not be installed; check the network and the npm registry, then run the same command ' +
      `again.\n${cause}`,
  )
}

function checkNode() {
  if (majorOf(projectNode) >= neededNodeMajor) return
  if (majorOf(process.execPath) >= neededNodeMajor) {
    // A binary that can't run here (Alpine, for one) would hide the one that can.
    fs.rmSync(projectNode, { force: true })
    return
  }
  throw new Error(
    `Integration Hub needs Node ${neededNodeMajor} and npm has none for this platform (${process.platform} ${process.arch}); ` +
      `this is Node ${process.versions.node}. Install Node ${neededNodeMajor} from https://nodejs.org and run the same command again.`,
  )
}

function majorOf(nodeBinary) {
  try {
    return Number(/^v(\d+)/.exec(execFileSync(nodeBinary, ['--version'], { encoding: 'utf8' }))[1])
  } catch {
    return null
  }
}

async function takeLock() {
  for (;;) {
    try {
      fs.writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = readOr(lockFile, null)
    if (holder !== null && isAbandoned(holder)) breakLock(holder)
    else await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function isAbandoned(holder) {
  const ageMs = Date.now() - (fs.statSync(lockFile, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  if (ageMs > lockOutdatedAfterMs) return true
  // Created, but its pid not written yet.
  if (holder === '') return ageMs > 5_000
  try {
    process.kill(Number(holder), 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

/** Renaming first: of several runs that see the same dead holder only one moves its lock away. */
function breakLock(holder) {
  const moved = `${lockFile}.${process.pid}`
  try {
    fs.renameSync(lockFile, moved)
  } catch {
    return
  }
  if (readOr(moved, '') === holder) fs.rmSync(moved, { force: true })
  else fs.renameSync(moved, lockFile)
}

function readOr(file, otherwise) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}
