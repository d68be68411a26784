import { describeClient } from '../testing/suite.ts'

describeClient('node-postgres', new URL('../testing/pg-client.ts', import.meta.url).href)
