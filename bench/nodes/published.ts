import type { BenchPostgres } from '../postgres.ts'

/** Messages, and the deliveries in them. */
export interface Published {
  readonly messages: number
  readonly deliveries: number
}

/**
 * A trigger counts what is handed to the broker, because no figure of the broker tells how many deliveries a message
 * has. It runs once a message, which is a hundred deliveries at best.
 */
export async function countPublished(postgres: BenchPostgres): Promise<() => Promise<Published>> {
  await postgres.query('create schema bench')
  await postgres.query('create table bench.published (deliveries int not null)')
  await postgres.query(`
    create function bench.count_published() returns trigger language plpgsql as $$
    begin
      insert into bench.published values (cardinality(new.seqs));
      return null;
    end $$`)
  await postgres.query(`
    create trigger count_published after insert on hub.publications
    for each row execute function bench.count_published()`)
  return async () => {
    const [row] = await postgres.query<{ messages: number; deliveries: number }>(
      'select count(*)::int as messages, coalesce(sum(deliveries), 0)::int as deliveries from bench.published',
    )
    return { messages: row?.messages ?? NaN, deliveries: row?.deliveries ?? NaN }
  }
}
