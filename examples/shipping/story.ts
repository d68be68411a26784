import fs from 'node:fs'
import path from 'node:path'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Hub, type Json } from '../stage/hub.ts'
import { Story, type Tell } from '../stage/story.ts'
import { Inventory } from './inventory.ts'
import { Operator } from './operator.ts'
import { Orders, type Order } from './order.ts'
import { Shipping } from './shipping.ts'

const toInventory = 'orders-to-inventory'
const toShipping = 'inventory-to-shipping'
const manifest = path.join('examples', 'shipping', 'hub.yaml')
const ordersInOutage = 20
const address = { country: 'DE', city: 'Berlin', street: 'Unter den Linden 1' }

interface Cast {
  readonly story: Story
  readonly hub: Hub
  readonly orders: Orders
  readonly inventory: Inventory
  readonly shipping: Shipping
  readonly operator: Operator
}

export const tell: Tell = async (options) => {
  await using ending = new AsyncDisposableStack()
  const story = new Story()
  const inventory = new Inventory()
  const shipping = new Shipping()
  for (const { application } of [inventory, shipping]) {
    await application.switchOn()
    ending.defer(() => application.switchOff())
  }
  story.chapter('Orders, a stock, and a shipping company')
  const hub = await Hub.start({
    INVENTORY_URL: inventory.application.url,
    SHIPPING_URL: shipping.application.url,
    SHIPPING_OPENAPI: fs.readFileSync(path.join(import.meta.dirname, 'shipping.openapi.yaml'), 'utf8'),
  })
  ending.defer(() => hub.stop())
  story.terminal(`npx hub apply ${manifest}`, await hub.command('apply', manifest))
  inventory.publishTo({ hubUrl: hub.url, key: await keyOf(hub, 'inventory') })
  const orders = new Orders(hub.url, await keyOf(hub, 'orders'))
  const operator = new Operator()
  ending.defer(() => operator.stop())
  await operator.watch(hub)
  const cast = { story, hub, orders, inventory, shipping, operator }

  await anOrderGoesThrough(cast)
  await shippingHasTroubles(cast)
  await badOrdersEnd(cast)
  await shippingIsDown(cast)
  await aPersonShips(cast)
  await theQueueHasTroubles(cast)
  await story.end(hub, options)
}

async function anOrderGoesThrough({ story, hub, orders, inventory, shipping }: Cast): Promise<void> {
  story.chapter('An order goes through')
  inventory.stock = 100
  const created = await orders.create({ orderId: 'A-1', items: 2, address })
  await hub.eventOnce(created.eventId, 'DELIVERED')
  await shipped(shipping, 'A-1')
  story.show('O4', `Reserved and shipped: ${inventory.stock} left in stock`, inventory.stock === 98)
  story.terminal('npx hub events list --subject A-1', await hub.command('events', 'list', '--subject', 'A-1'))
}

async function shippingHasTroubles({ story, hub, orders, shipping }: Cast): Promise<void> {
  story.chapter('Shipping is down for a moment, then slow')
  shipping.behave('A-2', 'down', 'down', 'well')
  await orders.create({ orderId: 'A-2', items: 1, address })
  await shipped(shipping, 'A-2')
  const { attempts } = await deliveryOf(hub, 'A-2', 'DELIVERED')
  const [first, second] = gapsMs(attempts)
  story.show(
    'O1',
    `503, 503, 201: tried again after ${first} ms, then after ${second} ms`,
    Number(second) > Number(first),
  )
  shipping.behave('A-3', 'silent', 'well')
  await orders.create({ orderId: 'A-3', items: 1, address })
  const late = await deliveryOf(hub, 'A-3', 'DELIVERED')
  story.show('O1', `No answer: ${late.attempts[0].error}`, late.attempts[0].error.includes('did not answer'))
  story.show(
    'O4',
    'It had shipped all the same; by the order number it knew the second try',
    shipping.requestsFor('A-3') === 2,
  )
}

async function badOrdersEnd({ story, hub, orders, shipping }: Cast): Promise<void> {
  story.chapter('Bad orders end at once')
  await orders.create({ orderId: 'A-4', items: 1, address: { ...address, country: 'XX' } })
  const refused = await deliveryOf(hub, 'A-4', 'DEAD')
  story.show(
    'O1',
    `400: dead after ${refused.attemptCount} try, ${refused.attempts[0].responseBody}`,
    refused.attemptCount === 1,
  )
  await orders.create({ orderId: 'A-5', items: 1 })
  const broken = await deliveryOf(hub, 'A-5', 'DEAD')
  story.show('O5', broken.lastError, broken.errorClass === 'contract')
  story.show('O5', 'and Shipping never saw it', shipping.requestsFor('A-5') === 0)
}

async function shippingIsDown({ story, hub, orders, shipping }: Cast): Promise<void> {
  story.chapter('Shipping is in maintenance')
  shipping.isInMaintenance = true
  const before = shipping.application.received.length
  const waiting = Array.from({ length: ordersInOutage }, (_, index): Order => ({
    orderId: `B-${index}`,
    items: 1,
    address,
  }))
  await Promise.all(waiting.map((order) => orders.create(order)))
  const isOpen = async (): Promise<Json> => {
    const stats = await hub.get(`/v1/integrations/${toShipping}/stats`)
    return stats.circuit.state !== 'closed' && stats.backlog === ordersInOutage && stats
  }
  const { circuit } = await until('the circuit is open and all wait', isOpen)
  story.show('O2', `The circuit opens: ${circuit.reason}`, true)
  const list = ['deliveries', 'list', '--integration', toShipping, '--status', 'PENDING', '--limit', '3']
  story.terminal(`npx hub ${list.join(' ')}`, await hub.command(...list))
  const seen = shipping.application.received.length
  await until('two probes went out', () => shipping.application.received.length >= seen + 2)
  const requests = shipping.application.received.length - before
  story.show(
    'O2',
    `${requests} requests for ${ordersInOutage} orders: a probe now and then`,
    requests < ordersInOutage,
  )
  shipping.isInMaintenance = false
  for (const { orderId } of waiting) await shipped(shipping, orderId)
  const after = await hub.get(`/v1/integrations/${toShipping}/stats`)
  story.show(
    'O2',
    'A probe gets through, the circuit closes, all orders are shipped',
    after.circuit.state === 'closed',
  )
}

async function aPersonShips({ story, hub, orders, shipping, operator }: Cast): Promise<void> {
  story.chapter('When all fails, a person ships')
  shipping.behave('A-6', 'broken')
  await orders.create({ orderId: 'A-6', items: 1, address })
  const delivery = await deliveryOf(hub, 'A-6', 'MANUAL')
  story.show(
    'O3',
    `After ${delivery.attemptCount} tries it is to be shipped by hand`,
    delivery.attemptCount === 5,
  )
  const notice = await until('the operator is told', () => operator.notices[0])
  story.show('O3', `The operator is told: ${notice.error}`, notice.deliveryId === delivery.deliveryId)
  const list = ['deliveries', 'list', '--integration', toShipping, '--status', 'MANUAL']
  story.terminal(`npx hub ${list.join(' ')}`, await hub.command(...list))
  const resolve = ['deliveries', 'resolve', delivery.deliveryId, '--note']
  const said = await hub.command(...resolve, 'by courier, 17')
  story.terminal(`npx hub ${resolve.join(' ')} 'by courier, 17'`, said)
  const { status } = await hub.get(`/v1/deliveries/${delivery.deliveryId}`)
  story.show('O3', `Shipped by courier, it is ${status}`, status === 'DELIVERED')
}

async function theQueueHasTroubles({ story, hub, orders, inventory, shipping }: Cast): Promise<void> {
  story.chapter('Troubles of the queue')
  await hub.kill()
  const publishing = orders.create({ orderId: 'A-7', items: 1, address })
  await hub.start()
  const published = await publishing
  await shipped(shipping, 'A-7')
  story.show(
    'O4',
    `The hub is killed meanwhile: Order says it ${published.tries} times, it is shipped`,
    published.status === 202,
  )

  const again = await orders.create({ orderId: 'A-7', items: 1, address })
  story.show(
    'O4',
    `The same order again: ${again.status}, the same event`,
    again.duplicate && again.eventId === published.eventId,
  )
  const other = await orders.create({ orderId: 'A-7', items: 9, address })
  story.show('O4', `Another order A-7: ${other.status} ${other.code}`, other.code === 'idempotency_conflict')
  const malformed = await orders.say('{"orderId": ')
  story.show(
    'O4',
    `A malformed message: ${malformed.status} ${malformed.code}`,
    malformed.code === 'invalid_json',
  )

  const large = await orders.create({ orderId: 'A-8', items: 500, address })
  await hub.eventOnce(large.eventId, 'FAILED')
  const [group] = (await hub.get(`/v1/dead-letters/groups?integration=${toInventory}`)).items
  story.show('O4', `Not enough in stock: a dead letter, ${group.message}`, group.count === 1)
  inventory.stock += 500
  const replay = ['replay', toInventory, '--status', 'DEAD']
  story.terminal(`npx hub ${replay.join(' ')}`, await hub.command(...replay))
  await shipped(shipping, 'A-8')
  story.show('O4', 'In stock again and replayed, it is shipped', inventory.reserved.get('A-8') === 500)
  const total = [...inventory.reserved.values()].reduce((sum, items) => sum + items, 0)
  story.show('O4', 'Nothing was ever reserved twice', inventory.stock + total === 100 + 500)
}

async function keyOf(hub: Hub, source: string): Promise<string> {
  return hub.command('keys', 'create', source, '--role', 'source', '--source', source)
}

async function shipped(shipping: Shipping, orderId: string): Promise<void> {
  await until(`${orderId} is shipped`, () => shipping.shipments.has(orderId))
}

/** The delivery of an order to Shipping, with its attempts, once it is in this status. */
async function deliveryOf(hub: Hub, orderId: string, status: string): Promise<Json> {
  return until(`the delivery of ${orderId} is ${status}`, async () => {
    const { items } = await hub.get(`/v1/events?source=inventory&subject=${orderId}`)
    if (items.length === 0) return false
    const { deliveries } = await hub.get(`/v1/events/${items[0].eventId}`)
    return deliveries[0].status === status && (await hub.get(`/v1/deliveries/${deliveries[0].deliveryId}`))
  })
}

/** Between the end of each try and the beginning of the next. */
function gapsMs(attempts: readonly Json[]): readonly number[] {
  return attempts.slice(1).map((attempt, index) => {
    const { startedAt, durationMs } = attempts[index]
    return Date.parse(attempt.startedAt) - Date.parse(startedAt) - durationMs
  })
}
