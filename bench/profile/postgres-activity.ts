import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuMsOf } from '../cpu.ts'
import type { BenchPostgres } from '../postgres.ts'

const intervalMs = 20

interface ActivityRow {
  readonly pid: number
  /** Null: a process of the server itself, of which only a superuser learns more here. */
  readonly application: string | null
  readonly statement: string | null
}

/** What PostgreSQL did during a load. */
export interface PostgresActivity {
  /** CPU milliseconds by what the process is for. */
  readonly cpuMs: ReadonlyMap<string, number>
  /** How often a look found a statement at work, or what it waited for. */
  readonly looks: ReadonlyMap<string, number>
  readonly lookCount: number
}

/** `state_change` tells apart a statement at work from the last one of an idle connection. */
const activitySql = `
  select pid, nullif(application_name, '') as application,
    case when state = 'active'
      then coalesce(wait_event_type || ' ' || wait_event, 'at work') || ': ' || left(regexp_replace(query, '\\s+', ' ', 'g'), 90)
      when state like 'idle in transaction%' then state || ', last: ' || left(regexp_replace(query, '\\s+', ' ', 'g'), 60)
    end as statement
  from pg_stat_activity
  where pid <> pg_backend_pid()`

/** Looks again and again until it is told to stop. */
export async function watchActivity(postgres: BenchPostgres, signal: AbortSignal): Promise<PostgresActivity> {
  const looks = new Map<string, number>()
  const owners = new Map<number, string>()
  const startedMs = new Map<number, number>()
  const endedMs = new Map<number, number>()
  let lookCount = 0
  while (!signal.aborted) {
    lookCount++
    for (const { pid, application, statement } of await postgres.query<ActivityRow & Record<string, unknown>>(
      activitySql,
    )) {
      const spentMs = cpuMsOf(pid) ?? 0
      if (!owners.has(pid)) owners.set(pid, application ?? titleOf(pid))
      if (!startedMs.has(pid)) startedMs.set(pid, spentMs)
      endedMs.set(pid, spentMs)
      if (statement !== null) looks.set(statement, (looks.get(statement) ?? 0) + 1)
    }
    await sleep(intervalMs)
  }
  const cpuMs = new Map<string, number>()
  for (const [pid, who] of owners) {
    const spentMs = (endedMs.get(pid) ?? 0) - (startedMs.get(pid) ?? 0)
    cpuMs.set(who, (cpuMs.get(who) ?? 0) + spentMs)
  }
  return { cpuMs, looks, lookCount }
}

function titleOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', '').trim()
  } catch {
    return 'unknown'
  }
}
