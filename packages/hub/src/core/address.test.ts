import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressPolicy, parseCidr } from './address.ts'

const open = addressPolicy([], [])

test('public, private and loopback addresses are allowed unless denied', () => {
  for (const address of ['8.8.8.8', '10.1.2.3', '127.0.0.1', '::1', 'fd00::1', '2a00:1450:4001::1'])
    assert.equal(open.problem(address), null, address)
})

test('some addresses are refused whatever the lists say', () => {
  const generous = addressPolicy(['0.0.0.0/0', '::/0', '169.254.169.254/32', 'fd00:ec2::254'], [])
  const never = [
    ...['0.0.0.0', '0.1.2.3', '::', '169.254.169.254', '169.254.1.1', 'fe80::1', 'fe80::1%eth0', 'febf::1'],
    ...['224.0.0.1', '239.255.255.255', 'ff02::1', '255.255.255.255', '100.100.100.200', 'fd00:ec2::254'],
  ]
  for (const address of never) {
    assert.match(open.problem(address) ?? '', /never allowed/, address)
    assert.match(generous.problem(address) ?? '', /never allowed/, address)
  }
})

test('an IPv4 address is recognised in every IPv6 form that carries it', () => {
  const disguises = [
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '::ffff:0:169.254.169.254',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '2001:0:a9fe:a9fe::1', // the Teredo server
    '2001:0:808:808:0:0:5601:5601', // the Teredo client, inverted
  ]
  for (const address of disguises) assert.match(open.problem(address) ?? '', /never allowed/, address)
  const denied = addressPolicy([], ['127.0.0.0/8'])
  for (const address of ['::ffff:127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::'])
    assert.match(denied.problem(address) ?? '', /HUB_TARGETS_DENY/, address)
  assert.equal(denied.problem('64:ff9b::8.8.8.8'), null)
})

test('the narrower entry decides, and denial between equals', () => {
  const policy = addressPolicy(
    ['10.1.0.0/16', '192.168.0.0/16'],
    ['0.0.0.0/0', '10.1.2.0/24', '192.168.0.0/16'],
  )
  assert.equal(policy.problem('10.1.9.9'), null)
  assert.notEqual(policy.problem('10.1.2.9'), null)
  assert.notEqual(policy.problem('192.168.1.1'), null)
  assert.notEqual(policy.problem('8.8.8.8'), null)
  assert.equal(policy.problem('2a00::1'), null)
})

test('a mapped network means its IPv4 network', () => {
  const policy = addressPolicy([], ['::ffff:10.0.0.0/104'])
  assert.notEqual(policy.problem('10.200.0.1'), null)
  assert.equal(policy.problem('11.0.0.1'), null)
})

test('a single address is a network of one', () => {
  const policy = addressPolicy([], ['10.0.0.1', '2a00::1'])
  assert.notEqual(policy.problem('10.0.0.1'), null)
  assert.equal(policy.problem('10.0.0.2'), null)
  assert.notEqual(policy.problem('2a00::1'), null)
})

test('what is not an address or a network is refused', () => {
  for (const text of ['', 'example.org', '10.0.0.0/33', '10/8', '1.2.3', '::/129', '0x7f.0.0.1'])
    assert.equal(parseCidr(text), null, text)
  for (const text of ['', 'example.org', '1.2.3', '0x7f.1', '017700000001', '1.2.3.4.5'])
    assert.match(open.problem(text) ?? '', /is not an IP address/, text)
  assert.throws(() => addressPolicy(['10/8'], []), /10\/8 is not a network/)
})
