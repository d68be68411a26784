import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFailure } from './failure.ts'

const cases = [
  {
    output:
      'creating directory /data/pg ... ok\ninitdb: error: could not write file "x": No space left on device\n',
    sentence:
      'The disk that holds /data is full (could not write file "x": No space left on device); free some space',
  },
  {
    output: 'FATAL:  could not extend file: No space left on device\nPANIC:  cannot abort transaction 1\n',
    sentence:
      'The disk that holds /data is full (could not extend file: No space left on device); free some space',
  },
  {
    output: 'FATAL:  could not create lock file "postmaster.pid": Read-only file system',
    sentence:
      '/data can\'t be written (could not create lock file "postmaster.pid": Read-only file system); set HUB',
  },
  {
    output: 'initdb: error: could not access directory "/data/postgres": Permission denied',
    sentence:
      'The embedded PostgreSQL may not use /data (could not access directory "/data/postgres": Permission denied)',
  },
  {
    output: 'LOG:  starting\nFATAL:  could not load /data/pg_hba.conf\nLOG:  database system is shut down\n',
    sentence: 'The embedded PostgreSQL in /data does not start (could not load /data/pg_hba.conf); mend that',
  },
  { output: '', sentence: 'The embedded PostgreSQL in /data does not start (it gave no reason); mend that' },
]

for (const { output, sentence } of cases)
  test(`the operator reads: ${sentence}`, () =>
    assert.ok(startFailure('/data', output).message.startsWith(sentence)))
