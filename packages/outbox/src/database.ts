/**
 * What a statement binds. Arrays and dates are not among them: clients disagree about those, so lists travel as one
 * JSON text and times as text, each cast in the statement (`$1::text::json`).
 */
export type Value = string | number | boolean | null

/**
 * Runs one statement and returns its rows. Statements ask for columns of type text, int, float8 and boolean only, of
 * which every client makes the same JavaScript values.
 */
export interface Executor {
  query(text: string, values: readonly Value[]): Promise<readonly unknown[]>
}

/** The seam: what this library needs of the application's own client. `Tx` is what that client calls a transaction. */
export interface Database<Tx> extends Executor {
  /** Statements inside a transaction that the caller has open. */
  within(tx: Tx): Executor
  /** Commits what `work` does, or rolls it back when it throws. */
  transaction<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>
  /**
   * Whether a transaction of the application has ended, if the client knows that without asking the database: what was
   * published in it is then looked for at once, and not a few milliseconds later. Undefined: it can't tell.
   */
  hasEnded?(tx: Tx): boolean | undefined
  /** How many connections the client may open, if it can tell: handlers take at most half of them. */
  readonly connections?: number | undefined
}
