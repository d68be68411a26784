// Apart from the others, because it may have to install Prisma and NestJS first.
import { test } from 'node:test'
import { checkStory } from './check-story.ts'

test('the story of two modules in one NestJS application is true', () =>
  checkStory('modular-nest', 'L1, L2, L3, L4, L5, L6, L7, L8', 280_000))
