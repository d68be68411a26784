import type { Client, Pool } from '../store/database.ts'

/** A pool whose transactions fail now and then, before or after they are committed. */
export function unreliable(pool: Pool, failures: { left: number }): Pool {
  const connect = async () => {
    const client = await pool.connect()
    const fails = failures.left > 0 && failures.left-- % 2 === 0
    if (!fails) return client
    const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown
    return new Proxy(client, {
      get(target, name: keyof Client) {
        if (name !== 'query') return Reflect.get(target, name, target) as unknown
        return async (...args: readonly unknown[]) => {
          if (args[0] !== 'commit') return query(...args)
          if (failures.left % 4 === 0) await query('commit')
          throw new Error('the connection broke')
        }
      },
    })
  }
  // `query` asks its own pool for a client.
  const query = pool.query.bind(pool)
  return new Proxy(pool, {
    get: (target, name) =>
      name === 'connect' ? connect : name === 'query' ? query : Reflect.get(target, name),
  })
}
