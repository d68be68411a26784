import { fromPg } from '@integration-hub/outbox'
import { signWebhook, type WebhookEvent } from '@integration-hub/client'
import { HubEvent, HubWebhook, IntegrationModule, type WebhookOptions } from '@integration-hub/nestjs'
import { Controller, type INestApplication, Module, Post, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Test } from '@nestjs/testing'
import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { newSchema, openPool, shared } from './support.js'

const pool = openPool()
after(() => pool.end())

const secret = `whsec_${Buffer.from('a secret of the module, 32 bytes').toString('base64')}`
const otherSecret = `whsec_${Buffer.from('the secret of one method, 32 b.').toString('base64')}`

@Controller('hub')
class HubInbox {
  readonly received: WebhookEvent[] = []

  @Post()
  @HubWebhook()
  receive(@HubEvent() event: WebhookEvent): object {
    this.received.push(event)
    return { thanks: true }
  }

  @Post('other')
  @HubWebhook({ secrets: [otherSecret] })
  receiveOther(@HubEvent() event: WebhookEvent): void {
    this.received.push(event)
  }
}

@Controller()
class Careless {
  @Post()
  receive(@HubEvent() event: WebhookEvent): void {
    void event
  }
}

function application(webhook: WebhookOptions, controllers: Type[] = [HubInbox]): Type {
  @Module({
    imports: [
      IntegrationModule.forRoot({
        db: fromPg(pool),
        schema: newSchema(),
        ...shared,
        autoStart: false,
        webhook,
      }),
    ],
    controllers,
  })
  class App {}

  return App
}

const options = { logger: false, abortOnError: false } as const
const adapters: Record<string, (module: Type, raw: object) => Promise<INestApplication>> = {
  Express: (module, raw) => NestFactory.create(module, { ...options, ...raw }),
  Fastify: (module, raw) => NestFactory.create(module, new FastifyAdapter(), { ...options, ...raw }),
}

async function post(
  app: INestApplication,
  path: string,
  body: string,
  given: { key: string; type?: string },
) {
  const signed = await signWebhook(body, given.key, { id: 'evt_1' })
  return fetch(`${await app.getUrl()}${path}`, {
    method: 'POST',
    headers: { ...signed, 'content-type': given.type ?? 'application/json', 'ce-type': 'order.paid' },
    body,
  })
}

for (const [name, create] of Object.entries(adapters)) {
  it(`receives on ${name} what the hub has signed, and nothing else`, async () => {
    const app = await create(application({ secrets: secret }), { rawBody: true })
    await app.listen(0, '127.0.0.1')
    const { received } = app.get(HubInbox)
    // Spaces and the order of keys are part of what was signed.
    const body = '{ "b": 1,\n  "a": "\\u00e9" }'
    const accepted = await post(app, '/hub', body, { key: secret })
    assert.deepEqual([accepted.status, await accepted.json()], [200, { thanks: true }])
    assert.equal(received[0]?.type, 'order.paid')
    assert.deepEqual(received[0]?.data, { b: 1, a: 'é' })
    const forged = await post(app, '/hub', body, { key: otherSecret })
    assert.equal(forged.status, 401)
    assert.doesNotMatch(await forged.text(), /secret|timestamp/)
    const unsigned = await fetch(`${await app.getUrl()}/hub`, { method: 'POST', body: '{}' })
    assert.equal(unsigned.status, 401)
    assert.equal((await post(app, '/hub', 'text é', { key: secret, type: 'text/plain' })).status, 200)
    assert.equal(received.pop()?.data, 'text é')
    assert.equal((await post(app, '/hub/other', body, { key: otherSecret })).status, 200)
    assert.equal((await post(app, '/hub/other', body, { key: secret })).status, 401)
    assert.equal(received.length, 2)
    await app.close()
  })

  it(`does not start on ${name} without the raw body`, async () => {
    const app = await create(application({ secrets: secret }), {})
    await assert.rejects(app.init(), { message: /HubInbox\.receive .*rawBody: true/ })
    const without = await create(application({}, []), {})
    await without.init()
    await without.close()
  })
}

it('does not start without a secret, also under test, and refuses what is none', async () => {
  const module = await Test.createTestingModule({ imports: [application({})] }).compile()
  const app = module.createNestApplication({ rawBody: true })
  await assert.rejects(app.init(), { field: 'webhook.secrets', message: /HubInbox\.receive / })
  const dropping = await Test.createTestingModule({ imports: [application({ secrets: secret })] }).compile()
  await assert.rejects(dropping.createNestApplication().init(), { message: /rawBody: true/ })
  await assert.rejects(NestFactory.create(application({ secrets: [''] }), options), {
    field: 'webhook.secrets',
  })
})

it('says what is missing where an event is asked for that nobody has verified', async () => {
  const app = await NestFactory.create(application({}, [Careless]), options)
  await app.listen(0, '127.0.0.1')
  assert.equal((await fetch(await app.getUrl(), { method: 'POST' })).status, 500)
  await app.close()
})
