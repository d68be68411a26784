import assert from 'node:assert/strict'
import { it } from 'node:test'
import { LinkType } from './core/link.ts'
import { Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()
const link = {
  sourceModule: 'finance',
  sourceEntityType: 'Invoice',
  sourceEntityId: '1',
  targetModule: 'operations',
  targetEntityType: 'Task',
  targetEntityId: '2',
  linkType: LinkType.CASCADE,
}
const back = {
  sourceModule: 'operations',
  sourceEntityType: 'Task',
  sourceEntityId: '2',
  targetModule: 'finance',
  targetEntityType: 'Invoice',
  targetEntityId: '1',
  linkType: LinkType.REFERENCE,
}

it('finds links by source, by target, by type and in both directions', async () => {
  const { links } = await outboxes.open()
  const made = await links.createLink({ ...link, metadata: { reason: 'workflow' } })
  const returned = await links.createLink(back)
  await links.createLink({ ...link, targetEntityId: '3', linkType: LinkType.AGGREGATE_ROOT })
  assert.deepEqual(
    { ...made, id: '', createdAt: null },
    { ...link, id: '', metadata: { reason: 'workflow' }, createdAt: null },
  )
  const idsOf = async (found: Promise<{ id: string }[]>) => (await found).map(({ id }) => id)
  assert.equal((await links.findOutbound('finance', 'Invoice', '1')).length, 2)
  assert.equal((await links.findOutbound('finance', 'Invoice', '1', { limit: 1 })).length, 1)
  assert.deepEqual(await idsOf(links.findInbound('operations', 'Task', '2')), [made.id])
  assert.deepEqual(await idsOf(links.findByLinkType(LinkType.REFERENCE)), [returned.id])
  const invoice = { module: 'finance', entityType: 'Invoice', entityId: '1' }
  const task = { module: 'operations', entityType: 'Task', entityId: '2' }
  assert.deepEqual(await idsOf(links.findBidirectional(invoice, task)), [made.id, returned.id])
  assert.deepEqual(await idsOf(links.findBidirectional(task, invoice)), [made.id, returned.id])
  assert.deepEqual(await links.findOutbound('finance', 'Invoice', '9'), [])
})

it('makes the same link once, with the latest metadata', async () => {
  const { links } = await outboxes.open()
  const first = await links.createLink(link)
  const second = await links.createLink({ ...link, metadata: { seen: 2 } })
  assert.equal(second.id, first.id)
  assert.deepEqual(
    (await links.findByLinkType('cascade')).map(({ metadata }) => metadata),
    [{ seen: 2 }],
  )
})

it('takes part in the transaction of the caller', async () => {
  const { links } = await outboxes.open()
  const tx = await outboxes.pool.connect()
  await tx.query('begin')
  await links.createLink(link, { tx })
  assert.equal((await links.findByLinkType('cascade', { tx })).length, 1)
  await tx.query('rollback')
  tx.release()
  assert.equal((await links.findByLinkType('cascade')).length, 0)
})

it('names the field that is wrong, before anything is written', async () => {
  const { links } = await outboxes.open()
  const wrong: [field: string, value: unknown][] = [
    ['sourceModule', undefined],
    ['targetEntityId', 7],
    ['linkType', 'parent'],
    ['metadata', 'text'],
  ]
  for (const [field, value] of wrong)
    await assert.rejects(links.createLink({ ...link, [field]: value }), { code: 'invalid_link', field })
  await assert.rejects(links.createLink({ ...link, metadata: { big: 1n } }), { field: 'metadata.big' })
  await assert.rejects(links.findOutbound('', 'Invoice', '1'), { code: 'invalid_link', field: 'module' })
})
