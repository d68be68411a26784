import { describeClient } from '../testing/suite.ts'

describeClient('node-postgres', new URL('../testing/pg.ts', import.meta.url).href)
