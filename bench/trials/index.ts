import type { Sizes } from '../sizes.ts'
import { idle } from './idle.ts'
import { sustained } from './sustained.ts'
import type { Trial } from './trial.ts'
import { waiting } from './waiting.ts'

export function createTrials(sizes: Sizes): readonly Trial[] {
  return [
    idle(sizes),
    waiting(sizes),
    sustained(sizes, { withSnapshot: false }),
    sustained(sizes, { withSnapshot: true }),
  ]
}
