import { Type, type Static } from 'typebox'
import { namePattern } from './names.ts'
import { closed } from './schema.ts'

/** The resources of each kind by name; what each may say is checked where it is stored. */
const byName = (noun: string) =>
  Type.Record(Type.String({ pattern: namePattern }), Type.Unknown(), {
    default: {},
    description: `Every ${noun} by its name, as it is put to the API.`,
  })

/** The sources and integrations that belong together, in one document. */
export const ManifestSpec = closed(
  {
    version: Type.Enum([1], { description: 'Of the format.' }),
    sources: byName('source'),
    integrations: byName('integration'),
  },
  { title: 'Manifest' },
)
export type ManifestSpec = Static<typeof ManifestSpec>
