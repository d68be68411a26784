import { Type, type Static } from 'typebox'
import { explainMatch, type PartExplanation } from '../../core/match.ts'
import { closed } from '../../core/schema.ts'
import type { RegisterRoutes } from '../app.ts'
import { integrationNamed } from '../named-integration.ts'
import { NameParams } from '../resources.ts'
import { eventOfSample, MatchSample } from '../samples.ts'

const Part = closed({
  matched: Type.Boolean(),
  expected: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'null: anything.' }),
  found: Type.String(),
})

const Match = closed({
  matched: Type.Boolean(),
  source: Part,
  type: Part,
  filter: closed({
    matched: Type.Boolean(),
    fields: Type.Array(
      closed({
        path: Type.String({ description: 'A JSON pointer into the filter.' }),
        expected: Type.Array(Type.Unknown()),
        found: Type.Array(Type.Unknown(), { description: 'Empty: the event does not have the field.' }),
        matched: Type.Boolean(),
      }),
    ),
  }),
})

export const matching: RegisterRoutes = (app, hub) => {
  app.post(
    '/v1/integrations/:name/match',
    {
      config: { access: 'integrations:operate' },
      schema: {
        tags: ['acting'],
        summary: 'Explain whether an event would be delivered',
        params: NameParams,
        body: MatchSample,
        response: { 200: Match },
      },
    },
    ({ params, body }) => {
      const { matched, source, type, filter } = explainMatch(
        integrationNamed(hub, params.name).spec,
        eventOfSample(body, hub.now()),
      )
      const fields = filter.fields.map(({ expected, found, ...field }) => ({
        ...field,
        expected: [...expected],
        found: [...found],
      }))
      return { matched, source: partView(source), type: partView(type), filter: { ...filter, fields } }
    },
  )
}

function partView({ expected, ...part }: PartExplanation): Static<typeof Part> {
  return { ...part, expected: expected && [...expected] }
}
