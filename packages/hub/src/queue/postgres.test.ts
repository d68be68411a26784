import { PostgresQueue } from './postgres.ts'
import { testReadyQueue } from './queue.testsuite.ts'

testReadyQueue('ready work in PostgreSQL', (pool) => new PostgresQueue(pool, 50))
