import { startPostgres } from '../postgres.ts'
import { startRedis } from '../redis.ts'
import { floor, floorByHand } from './floor.ts'
import { hub } from './hub.ts'
import { peer } from './peer.ts'
import type { SubjectKind } from './subject.ts'

export const subjectKinds: readonly SubjectKind[] = [
  floor,
  floorByHand,
  hub,
  peer('graphile-worker', startPostgres),
  peer('pg-boss', startPostgres),
  peer('bullmq', startRedis),
]
