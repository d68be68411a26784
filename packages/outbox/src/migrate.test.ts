import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fromPg } from './clients/pg.ts'
import { createOutbox } from './outbox.ts'
import { knownVersion } from './store/migrations/index.ts'
import { Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()

it('migrates once, from however many instances at once', async () => {
  const schema = outboxes.newSchema()
  const instances = Array.from({ length: 5 }, () => createOutbox({ db: fromPg(outboxes.pool), schema }))
  await Promise.all(instances.map((outbox) => outbox.migrate()))
  const versions = await outboxes.rows<{ version: number }>(
    `select version from ${schema}.migrations order by version`,
  )
  assert.deepEqual(
    versions.map(({ version }) => version),
    Array.from({ length: knownVersion }, (_, index) => index + 1),
  )
})

it('does not work on tables that a newer version has written', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema })
  await outboxes.rows(`insert into ${schema}.migrations (version, name) values ($1, 'from the future')`, [
    knownVersion + 1,
  ])
  await assert.rejects(outbox.migrate(), { code: 'newer_schema' })
  await assert.rejects(outbox.start(), { code: 'newer_schema' })
})

it('says what to do where there are no tables yet', async () => {
  const outbox = createOutbox({ db: fromPg(outboxes.pool), schema: outboxes.newSchema() })
  await assert.rejects(outbox.start(), { code: 'not_migrated', message: /outbox\.migrate\(\)/ })
})

it('needs no right to create schemas once the tables are there', async () => {
  const outbox = await outboxes.open()
  const [row] = await outboxes.rows<{ grant: string }>(
    `select format('create on database %I from %I, public', current_database(), current_user) as grant`,
  )
  await outboxes.rows(`revoke ${row?.grant}`)
  await assert.rejects(outboxes.rows('create schema if not exists public'), { code: '42501' })
  await outbox.migrate()
  await outbox.start()
})
