import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { runCommand } from '../support/command.ts'
import { findService } from '../support/services.ts'

const analyze = findService('systemd')
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-systemd-'))
after(() => fs.rmSync(directory, { recursive: true }))
const unit = path.join(directory, 'integration-hub.service')

test(
  'systemd understands every line of the unit, and finds it well hardened',
  { skip: analyze.skip },
  async () => {
    const { code, stdout } = await runCommand(['service', 'install', '--print'])
    assert.equal(code, 0)
    fs.writeFileSync(unit, stdout)
    assert.equal(verify(), '')
    // Exposure from 0 to 100; an ordinary unit has more than 90.
    execFileSync(analyze.path, ['security', '--offline=yes', '--threshold=20', unit], { stdio: 'pipe' })

    fs.writeFileSync(unit, stdout.replace('KillMode=mixed', 'KillMode=gently'))
    assert.match(verify(), /kill mode/)
  },
)

test('systemd understands the units of the nightly backup', { skip: analyze.skip }, () => {
  const units = path.resolve(import.meta.dirname, '../../docs/operating/backup')
  for (const name of fs.readdirSync(units)) {
    const copy = path.join(directory, name)
    fs.copyFileSync(path.join(units, name), copy)
    assert.equal(verify(copy), '')
  }
})

/** All that systemd complains of. */
function verify(file = unit): string {
  const script = `"${analyze.path}" verify --man=no "${file}" 2>&1 || true`
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim()
}

test('where systemd does not run, that is told in one sentence', async (t) => {
  if (fs.existsSync('/run/systemd/system'))
    return t.skip('systemd runs here, and would be told to start a service')
  const { code, stderr } = await runCommand(['service', 'install'])
  assert.equal(code, 1)
  assert.match(stderr, /^systemd does not run this machine\. [^\n]*\n$/)
})
