import type { INestApplicationContext, Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'

export const databaseUrl = process.env['DATABASE_URL'] ?? ''

let schemas = 0

/** The tables of one application. */
export function newSchema(): string {
  return `integration_${process.pid}_${(schemas += 1)}`
}

export function openPool(): pg.Pool {
  const pool = new pg.Pool({ connectionString: databaseUrl })
  pool.on('error', () => undefined)
  return pool
}

/** Says nothing, so that failures that are meant do not fill the report. */
export const quiet = { warn: () => undefined, error: () => undefined }

/** Options that all applications here share. */
export const shared = { migrate: true, logger: quiet, settings: { 'retry.baseDelayMs': 0 } }

export async function startContext(module: Type | object): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(module as Type, { logger: false, abortOnError: false })
}

export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 15_000
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`Waited in vain until ${what}.`)
    await pause(5)
  }
}

export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (tx: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const tx = await pool.connect()
  try {
    await tx.query('begin')
    const result = await work(tx)
    await tx.query('commit')
    return result
  } catch (error) {
    await tx.query('rollback')
    throw error
  } finally {
    tx.release()
  }
}

export function invoiceCreated(aggregateId: string, amount = 100) {
  return {
    eventName: 'invoice.created',
    sourceModule: 'finance',
    aggregateType: 'Invoice',
    aggregateId,
    payload: { amount },
  }
}
