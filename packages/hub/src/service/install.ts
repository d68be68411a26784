import fs from 'node:fs'
import path from 'node:path'
import { CannotStart } from '../core/cannot-start.ts'
import { canEnter, type Identity } from '../process/users.ts'
import {
  dataDir,
  serviceName,
  settingsFile,
  settingsText,
  unitFile,
  unitText,
  type UnitOptions,
} from './unit.ts'

/** What of the machine an installation touches. */
export interface Machine {
  /** `/`, but in tests. */
  readonly root: string
  readonly isRoot: boolean
  /** Rejects with what it printed when it fails. */
  run(command: string, args: readonly string[]): Promise<void>
  users(): readonly Identity[]
}

/** Writes the unit, makes its user and its settings where they are missing, and starts it. Returns what it did. */
export async function installService(machine: Machine, options: UnitOptions): Promise<readonly string[]> {
  checkMachine(machine)
  const done: string[] = []
  const { user } = options
  if (!findUser(machine, user)) {
    const home = ['--home-dir', dataDir, '--no-create-home', '--shell', '/usr/sbin/nologin']
    await machine.run('useradd', ['--system', '--user-group', ...home, user])
    done.push(`The user ${user} was made.`)
  }
  checkAccess(machine, options)
  const settings = path.join(machine.root, settingsFile)
  if (!fs.existsSync(settings)) {
    writeWhole(settings, settingsText(diskBytesOf(machine)), 0o600)
    done.push(`${settingsFile} was made, for the settings.`)
  }
  const unit = path.join(machine.root, unitFile)
  const wasThere = fs.existsSync(unit)
  writeWhole(unit, unitText(options), 0o644)
  done.push(`${unitFile} is ${wasThere ? 'written anew' : 'written'}.`)
  await machine.run('systemctl', ['daemon-reload'])
  await machine.run('systemctl', ['enable', serviceName])
  await machine.run('systemctl', ['restart', serviceName])
  done.push(
    `The hub runs now and after each boot, with its data in ${dataDir}.`,
    `\`systemctl status ${serviceName}\` shows it, \`journalctl -u ${serviceName}\` its log, and ` +
      `\`sudo cat ${dataDir}/admin-key\` the admin key.`,
  )
  return done
}

/** Stops the service and takes the unit away; data, settings and user stay. */
export async function uninstallService(machine: Machine): Promise<readonly string[]> {
  checkMachine(machine)
  const unit = path.join(machine.root, unitFile)
  if (!fs.existsSync(unit)) throw new CannotStart(`No service is installed: there is no ${unitFile}.`)
  await machine.run('systemctl', ['disable', '--now', serviceName])
  fs.rmSync(unit)
  await machine.run('systemctl', ['daemon-reload'])
  return [`The service is stopped and gone. ${dataDir} and ${settingsFile} are left as they are.`]
}

function checkMachine({ root, isRoot }: Machine): void {
  if (!fs.existsSync(path.join(root, 'run/systemd/system'))) {
    throw new CannotStart(
      'systemd does not run this machine. `hub service install --print` shows the unit for one where it does; here, ' +
        'let whatever starts your services run `npm start`.',
    )
  }
  if (!isRoot) throw new CannotStart('Only root may install a service; run the same with sudo.')
}

function checkAccess(machine: Machine, { user, node, main }: UnitOptions): void {
  const identity = findUser(machine, user)
  if (!identity || identity.uid === 0) return
  const closed = [node, main]
    .map((file) => path.dirname(file))
    .find((directory) => !canEnter(identity, directory))
  if (closed === undefined) return
  throw new CannotStart(
    `The user ${user} may not enter ${closed}; move the hub to where it may, such as /opt/integration-hub, and run ` +
      'this again there.',
  )
}

function findUser(machine: Machine, user: string): Identity | undefined {
  return machine.users().find(({ name }) => name === user)
}

function diskBytesOf({ root }: Machine): number {
  const { blocks, bsize } = fs.statfsSync(path.join(root, path.dirname(dataDir)))
  return blocks * bsize
}

/** Whole or not at all: systemd may read it at any time. */
function writeWhole(file: string, content: string, mode: number): void {
  const draft = `${file}.${process.pid}`
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(draft, content, { mode, flush: true })
    fs.renameSync(draft, file)
  } catch (error) {
    fs.rmSync(draft, { force: true })
    throw new CannotStart(`${file} can't be written (${(error as NodeJS.ErrnoException).code}).`)
  }
}
