import type { Figures, Measured } from '../scenarios/scenario.ts'

/** What is measured once, of a hub that is started for it. */
export interface Trial extends Measured {
  measure(): Promise<Figures>
}
