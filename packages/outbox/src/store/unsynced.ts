/**
 * An expression that lets the transaction of its statement commit without waiting for the disk. For fan-out and claims:
 * if PostgreSQL crashes and forgets them, they happen again, and the marks of what was handled meanwhile find no row.
 * What a handler's transaction commits is on disk, and with it everything before.
 */
export const unsynced = `set_config('synchronous_commit', 'off', true)`
