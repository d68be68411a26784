import { Type } from 'typebox'
import { closed } from '../../core/schema.ts'
import { listNodes } from '../../store/node-list.ts'
import type { RegisterRoutes } from '../app.ts'
import { TimeText } from '../../core/time-text.ts'

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
        summary: 'List the nodes',
        response: { 200: closed({ items: Type.Array(NodeView), nextCursor: Type.Null() }) },
      },
    },
    async () => {
      const records = await listNodes(hub.pool)
      return {
        items: records.map(({ nodeKey, host, version, epoch, startedAt, leaseUntil, isAlive }) => ({
          nodeId: nodeKey,
          host,
          version,
          epoch,
          startedAt: startedAt.toISOString(),
          leaseUntil: leaseUntil.toISOString(),
          alive: isAlive,
          self: nodeKey === hub.nodeKey,
        })),
        nextCursor: null,
      }
    },
  )
}
