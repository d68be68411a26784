export interface SettingsOptions {
  /** What the machine, or the container, has. */
  readonly memoryMb: number
  /** For tests: nothing needs to survive, many databases share the server. */
  readonly disposable: boolean
}

/** PostgreSQL's settings for a server that shares a small machine with the hub. */
export function serverSettings({ memoryMb, disposable }: SettingsOptions): Readonly<Record<string, string>> {
  return {
    ...memory(memoryMb),
    ...quiet,
    ...(disposable ? undurable : durable),
    // The hub plans for short statements: no compiler, no parallel workers, no helpers for reading.
    jit: 'off',
    max_parallel_workers_per_gather: '0',
    max_parallel_maintenance_workers: '0',
    max_logical_replication_workers: '0',
    io_method: 'sync',
    // Queue rows come and go by the thousand: vacuum them often and without long pauses.
    autovacuum_naptime: '15s',
    autovacuum_max_workers: '2',
    autovacuum_vacuum_cost_limit: '1000',
    // While nothing happens, helpers that wake five times a second cost as much as the hub does. As many pages in all.
    bgwriter_delay: '5s',
    bgwriter_lru_maxpages: '2500',
    wal_writer_delay: '5s',
    timezone: 'UTC',
  }
}

function memory(memoryMb: number): Record<string, string> {
  return {
    shared_buffers: megabytes(memoryMb / 16, 32, 1024),
    effective_cache_size: megabytes(memoryMb / 2, 256, 32_768),
    maintenance_work_mem: megabytes(memoryMb / 32, 32, 256),
    work_mem: '4MB',
    huge_pages: 'off',
  }
}

const durable = {
  max_connections: '40',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // Bounds both the disk that the log takes and the time that a start after a crash needs.
  max_wal_size: '1GB',
  min_wal_size: '128MB',
  wal_compression: 'on',
  checkpoint_timeout: '10min',
}

const undurable = {
  max_connections: '200',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
}

/**
 * Only what concerns the server itself. Errors of statements are the hub's to report, and statements, details and
 * contexts could carry payloads into the log.
 */
const quiet = {
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  log_line_prefix: '',
}

function megabytes(wished: number, least: number, most: number): string {
  return `${Math.round(Math.min(Math.max(wished, least), most))}MB`
}
