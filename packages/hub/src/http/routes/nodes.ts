import { Type, type Static } from 'typebox'
import { closed } from '../../core/schema.ts'
import { listNodes, type NodeRecord } from '../../store/node-list.ts'
import { SeqNumber } from '../../store/walking.ts'
import type { RegisterRoutes } from '../app.ts'
import { TimeText } from '../../core/time-text.ts'
import { makePage, pageQuery, pageSchema, readCursor } from '../paging.ts'

const NodeView = closed({
  nodeId: Type.String(),
  host: Type.String(),
  version: Type.String(),
  epoch: Type.Integer({ description: 'Under which it owns deliveries; a new one after each start.' }),
  startedAt: TimeText,
  leaseUntil: TimeText,
  alive: Type.Boolean(),
  self: Type.Boolean({ description: 'The one that answers.' }),
})

export const nodes: RegisterRoutes = (app, hub) => {
  app.get(
    '/v1/nodes',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['operating'],
        summary: 'List the nodes, oldest first',
        querystring: closed(pageQuery),
        response: { 200: pageSchema(NodeView) },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const afterEpoch = readCursor(SeqNumber, cursor)
      const records = await listNodes(hub.pool, { afterEpoch, limit: limit + 1 })
      return makePage(
        records,
        limit,
        ({ epoch }) => epoch,
        (record) => viewOf(record, hub.nodeKey),
      )
    },
  )
}

function viewOf(record: NodeRecord, ownKey: string): Static<typeof NodeView> {
  const { nodeKey, host, version, epoch, startedAt, leaseUntil, isAlive } = record
  return {
    nodeId: nodeKey,
    host,
    version,
    epoch,
    startedAt: startedAt.toISOString(),
    leaseUntil: leaseUntil.toISOString(),
    alive: isAlive,
    self: nodeKey === ownKey,
  }
}
