import { Type } from 'typebox'
import { closed } from '../../core/schema.ts'
import type { RegisterRoutes } from '../app.ts'

const FindingView = closed({
  check: Type.String({ description: 'What was looked at.' }),
  severity: Type.Enum(['problem', 'warning', 'note', 'ok'], {
    description:
      '`problem`: it does not work or may lose events; `warning`: it will not work for long, or not for everybody.',
  }),
  message: Type.String(),
  remedy: Type.Union([Type.String(), Type.Null()], { description: 'What to do.' }),
})

export const doctor: RegisterRoutes = (app, hub) => {
  app.get(
    '/v1/doctor',
    {
      config: { access: 'audit:read' },
      schema: {
        tags: ['operating'],
        summary: 'Examine database, disk, clocks, nodes, deliveries and settings, and say what to do',
        response: { 200: closed({ items: Type.Array(FindingView), nextCursor: Type.Null() }) },
      },
    },
    async () => ({ items: [...(await hub.doctor.examine())], nextCursor: null }),
  )
}
