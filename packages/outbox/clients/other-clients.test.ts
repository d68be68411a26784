// Clients that `npm run clients` has installed; without that they are skipped.
import fs from 'node:fs'
import { describeClient } from '../src/testing/suite.ts'

const here = (name: string) => new URL(name, import.meta.url)
const isInstalled = fs.existsSync(here('./generated/client.ts'))
const skip = isInstalled ? false : 'not installed: npm run clients --workspace packages/outbox'

describeClient('Prisma', here('./prisma-testing.ts').href, { skip })
describeClient('TypeORM', here('./typeorm-testing.ts').href, { skip })
