import { counted, lasting, sized } from '../words.ts'
import type { DatabaseFacts, Facts, Finding } from './facts.ts'
import { ok, orWell } from './words.ts'

const minuteMs = 60_000
const gibibyte = 1024 ** 3

export function databaseFindings({ database, disk, settings }: Facts): readonly Finding[] {
  return [
    ...orWell(
      [...durability(database), ...capacity(database)],
      ok(
        'database',
        `PostgreSQL ${database.serverVersion} answers in ${database.roundTripMs.toFixed(1)} ms and keeps ` +
          `${sized(database.sizeBytes)}.`,
      ),
    ),
    ...clock(database),
    ...transactions(database),
    ...diskSpace(disk),
    ...backups(database, settings),
  ]
}

function durability(database: DatabaseFacts): readonly Finding[] {
  const switches = [
    { name: 'fsync', isOn: database.fsync },
    { name: 'full_page_writes', isOn: database.fullPageWrites },
    { name: 'synchronous_commit', isOn: database.synchronousCommit !== 'off' },
  ]
  const findings: Finding[] = switches
    .filter(({ isOn }) => !isOn)
    .map(({ name }) => ({
      check: 'durability',
      severity: 'problem',
      message: `${name} is off in the database: after a crash, events that were answered 202 may be gone.`,
      remedy: `Switch ${name} on in postgresql.conf and reload PostgreSQL.`,
    }))
  if (!database.autovacuum)
    findings.push({
      check: 'durability',
      severity: 'problem',
      message: 'autovacuum is off in the database: its tables grow without end and become slow.',
      remedy: 'Switch autovacuum on in postgresql.conf and reload PostgreSQL.',
    })
  if (database.replicas > 0 && !database.hasSynchronousReplica)
    findings.push({
      check: 'durability',
      severity: 'warning',
      message:
        'The replicas of the database follow later: a failover may lose events that were answered 202.',
      remedy: 'Name one in synchronous_standby_names, or accept it.',
    })
  return findings
}

function capacity({ connections, maxConnections, roundTripMs }: DatabaseFacts): readonly Finding[] {
  const findings: Finding[] = []
  if (connections > maxConnections * 0.8)
    findings.push({
      check: 'database',
      severity: 'warning',
      message: `${connections} of the ${maxConnections} connections of the database are in use.`,
      remedy: 'Raise max_connections, or let other programs use fewer.',
    })
  if (roundTripMs > 20)
    findings.push({
      check: 'database',
      severity: 'warning',
      message: `The database needs ${roundTripMs.toFixed(0)} ms for a question to which the answer is known.`,
      remedy: 'Bring the hub nearer to it, or see what keeps its machine busy.',
    })
  return findings
}

function clock({ clockAheadMs }: DatabaseFacts): readonly Finding[] {
  const apartMs = Math.abs(clockAheadMs)
  if (apartMs < 1_000) return [ok('clock', 'The clocks of the hub and of the database agree.')]
  return [
    {
      check: 'clock',
      severity: apartMs < minuteMs ? 'warning' : 'problem',
      message: `The clock of the database is ${lasting(apartMs)} ${clockAheadMs > 0 ? 'ahead of' : 'behind'} the hub's.`,
      remedy:
        'Let both machines keep time by NTP: signatures are checked and retries are timed by the clock.',
    },
  ]
}

function transactions(database: DatabaseFacts): readonly Finding[] {
  const { oldestTransaction: oldest, oldestPreparedMs, idleSlots } = database
  const findings: Finding[] = []
  if (oldest && oldest.ageMs > 5 * minuteMs)
    findings.push({
      check: 'transactions',
      severity: oldest.ageMs > 60 * minuteMs ? 'problem' : 'warning',
      message:
        `A transaction of ${oldest.application || 'a program without a name'} (process ${oldest.pid}) has been open for ` +
        `${lasting(oldest.ageMs)}: as long as it is, nothing that was deleted is cleaned up.`,
      remedy: `End it: select pg_terminate_backend(${oldest.pid}).`,
    })
  if (oldestPreparedMs !== null && oldestPreparedMs > 5 * minuteMs)
    findings.push({
      check: 'transactions',
      severity: 'warning',
      message: `A prepared transaction has been waiting for ${lasting(oldestPreparedMs)} to be committed.`,
      remedy: 'Find it in pg_prepared_xacts, and commit it or roll it back.',
    })
  for (const { name, heldBytes } of idleSlots)
    findings.push({
      check: 'transactions',
      severity: heldBytes > gibibyte ? 'problem' : 'warning',
      message: `Nobody reads the replication slot ${name}, for which the database keeps ${sized(heldBytes)}.`,
      remedy: `Start what reads it, or drop it: select pg_drop_replication_slot('${name}').`,
    })
  return orWell(findings, ok('transactions', 'Nothing holds up the cleaning of the database.'))
}

function diskSpace(disk: Facts['disk']): readonly Finding[] {
  if (!disk) return []
  const { freeBytes, totalBytes, path } = disk
  const message = `${sized(freeBytes)} of ${sized(totalBytes)} are free on the disk that holds ${path}.`
  const remedy =
    'Make room, or keep less: HUB_RETENTION_DAYS and HUB_RETENTION_BYTES. Before it is full the hub refuses events.'
  if (freeBytes < Math.min(gibibyte, totalBytes * 0.05))
    return [{ check: 'disk', severity: 'problem', message, remedy }]
  if (freeBytes < Math.min(4 * gibibyte, totalBytes * 0.15))
    return [{ check: 'disk', severity: 'warning', message, remedy }]
  return [ok('disk', message)]
}

function backups(database: DatabaseFacts, settings: Facts['settings']): readonly Finding[] {
  if (database.archives) return [ok('backups', 'The database archives its log.')]
  if (database.replicas > 0)
    return [ok('backups', `The database has ${counted(database.replicas, 'replica')}.`)]
  return [
    {
      check: 'backups',
      severity: 'warning',
      message: 'No backup is known: the database neither archives its log nor has a replica.',
      remedy: settings.isDatabaseEmbedded
        ? 'Stop the hub and copy its data directory, or take snapshots of its disk; keep secret-key with it.'
        : 'If pg_dump or your provider backs it up, all is well; otherwise set up either.',
    },
  ]
}
