import { createHash } from 'node:crypto'

/**
 * What ordered deliveries of one subject share. Two subjects that fall on one key only wait for each other: nothing
 * is lost or mixed up by it.
 */
export function subjectKey(subject: string): bigint {
  return createHash('sha256').update(subject).digest().readBigInt64BE(0)
}
