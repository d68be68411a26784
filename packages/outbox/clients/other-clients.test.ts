// Clients that `npm run clients` has installed; without that they are skipped.
import fs from 'node:fs'
import { describeClient } from '../src/testing/suite.ts'

const here = (name: string) => new URL(name, import.meta.url)
const isInstalled = fs.existsSync(here('./generated/client.ts'))
const skip =
  isInstalled || process.env['CI'] ? false : 'not installed: npm run clients --workspace packages/outbox'

describeClient('Prisma', here('./prisma-testing.ts').href, { skip })
describeClient('TypeORM', here('./typeorm-testing.ts').href, { skip })
describeClient('postgres.js', here('./postgres-js-testing.ts').href, { skip })
describeClient('Drizzle', here('./drizzle-testing.ts').href, { skip })
describeClient('Kysely', here('./kysely-testing.ts').href, { skip })
describeClient('Knex', here('./knex-testing.ts').href, { skip })
describeClient('MikroORM', here('./mikro-orm-testing.ts').href, { skip })
