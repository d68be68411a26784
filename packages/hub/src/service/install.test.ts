import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { installService, uninstallService, type Machine } from './install.ts'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-service-'))
after(() => fs.rmSync(directory, { recursive: true }))
const unit = '/etc/systemd/system/integration-hub.service'
const options = { user: 'integration-hub', node: process.execPath, main: import.meta.filename }

interface TestMachine extends Omit<Machine, 'users'> {
  users: Machine['users']
  readonly commands: string[]
}

/** A machine whose `/` is a directory; `useradd` and `systemctl` are only remembered. */
function newMachine({ systemd = true, isRoot = true, failing = '' } = {}): TestMachine {
  const root = fs.mkdtempSync(path.join(directory, 'root-'))
  fs.mkdirSync(path.join(root, 'var/lib'), { recursive: true })
  if (systemd) fs.mkdirSync(path.join(root, 'run/systemd/system'), { recursive: true })
  const commands: string[] = []
  const users = [{ name: 'root', uid: 0, gid: 0 }]
  return {
    ...{ root, isRoot, commands },
    users: () => users,
    run: (command, args) => {
      if (command === failing) return Promise.reject(new Error(`${command} failed`))
      commands.push([command, ...args].join(' '))
      if (command === 'useradd') users.push({ name: args.at(-1) ?? '', uid: 0, gid: 0 })
      return Promise.resolve()
    },
  }
}

test('the first installation makes user, settings and unit, and starts it', async () => {
  const machine = newMachine()
  const done = await installService(machine, options)
  assert.match(machine.commands[0] ?? '', /^useradd --system .*nologin integration-hub$/)
  assert.deepEqual(machine.commands.slice(1), [
    'systemctl daemon-reload',
    'systemctl enable integration-hub',
    'systemctl restart integration-hub',
  ])
  assert.match(fs.readFileSync(path.join(machine.root, unit), 'utf8'), /^ExecStart=.* start$/m)
  const settings = path.join(machine.root, 'etc/integration-hub/hub.env')
  assert.equal(fs.statSync(settings).mode & 0o777, 0o600)
  assert.match(fs.readFileSync(settings, 'utf8'), /^HUB_RETENTION_BYTES=[1-9]\d+$/m)
  assert.equal(done.length, 5)
})

test('another one writes the unit anew and leaves settings and user', async () => {
  const machine = newMachine()
  await installService(machine, options)
  const settings = path.join(machine.root, 'etc/integration-hub/hub.env')
  fs.writeFileSync(settings, 'HUB_PORT=9000\n')
  await installService(machine, { ...options, node: '/usr/bin/node' })
  assert.equal(fs.readFileSync(settings, 'utf8'), 'HUB_PORT=9000\n')
  assert.match(fs.readFileSync(path.join(machine.root, unit), 'utf8'), /^ExecStart=\/usr\/bin\/node /m)
  assert.equal(machine.commands.filter((command) => command.startsWith('useradd')).length, 1)
})

test('uninstalling stops it and takes only the unit away', async () => {
  const machine = newMachine()
  await installService(machine, options)
  await uninstallService(machine)
  assert.ok(!fs.existsSync(path.join(machine.root, unit)))
  assert.ok(fs.existsSync(path.join(machine.root, 'etc/integration-hub/hub.env')))
  assert.ok(machine.commands.includes('systemctl disable --now integration-hub'))
  await assert.rejects(uninstallService(machine), /No service is installed/)
})

test('where systemd does not run, or without rights, nothing is done', async () => {
  for (const [machine, sentence] of [
    [newMachine({ systemd: false }), /systemd does not run this machine\. `hub service install --print`/],
    [newMachine({ isRoot: false }), /Only root may install a service; run the same with sudo/],
    [newMachine({ failing: 'useradd' }), /useradd failed/],
  ] as const) {
    await assert.rejects(installService(machine, options), sentence)
    assert.deepEqual(machine.commands, [])
    assert.ok(!fs.existsSync(path.join(machine.root, 'etc')))
  }
})

test('a hub that its user could not read is not installed', async () => {
  const machine = newMachine()
  machine.users = () => [{ name: 'integration-hub', uid: 4_000_000, gid: 4_000_000 }]
  const closed = path.join(directory, 'closed')
  fs.mkdirSync(closed, { mode: 0o700 })
  await assert.rejects(
    installService(machine, { ...options, main: path.join(closed, 'main.ts') }),
    /may not enter .*; move the hub to where it may, such as \/opt\/integration-hub/,
  )
  assert.deepEqual(machine.commands, [])
})
