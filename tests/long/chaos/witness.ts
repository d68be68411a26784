import { epochLock } from '../../../packages/hub/src/store/nodes.ts'
import type { PostgresServer } from '../../support/postgres.ts'

/**
 * A witness in the store. A row that ends under an epoch that does not own it was another node's to end; where both
 * send it the ledgers may still agree, so nobody outside can tell. The transaction says under which epochs it works by
 * the locks that it holds (`lockEpoch`).
 */
const witnessSql = `
  create schema witness;
  create table witness.foreign_endings (integration_id int, seq bigint, owner bigint, epochs bigint[]);
  create function witness.look() returns trigger language plpgsql as $$
  begin
    insert into witness.foreign_endings
    select ended.integration_id, ended.seq, ended.owner, held.epochs
    from ended, (
      select coalesce(array_agg(objid::bigint), '{}') as epochs from pg_locks
      where locktype = 'advisory' and classid = ${epochLock} and pid = pg_backend_pid()
    ) as held
    where ended.owner is null or ended.owner <> all (held.epochs);
    return null;
  end $$;
  create trigger witness after delete on hub.queue referencing old table as ended
    for each statement execute function witness.look();
`

export async function callWitness(postgres: PostgresServer, database: string): Promise<void> {
  await postgres.execute(witnessSql, database)
}

/** How many rows ended that way. */
export async function foreignEndings(postgres: PostgresServer, database: string): Promise<number> {
  const [row] = await postgres.execute('select count(*) as n from witness.foreign_endings', database)
  return Number(row?.['n'])
}
