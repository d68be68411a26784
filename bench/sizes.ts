/** How much is measured. */
export interface Sizes {
  /** Of one load. */
  readonly seconds: number
  /** How often the subjects take turns. */
  readonly rounds: number
  readonly warmUpSeconds: number
  /** Events that wait, in thousands. */
  readonly waitingThousands: number
  /** Of the sustained load. */
  readonly minutes: number
  readonly idleSeconds: number
}

/** What the requirements speak of: about an hour and three quarters. */
export const fullSizes: Sizes = {
  seconds: 8,
  rounds: 3,
  warmUpSeconds: 30,
  waitingThousands: 1_000,
  minutes: 30,
  idleSeconds: 60,
}

/** Everything, but less of it: about ten minutes. */
export const quickSizes: Sizes = {
  seconds: 3,
  rounds: 1,
  warmUpSeconds: 10,
  waitingThousands: 100,
  minutes: 1,
  idleSeconds: 20,
}
