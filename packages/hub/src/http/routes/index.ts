import type { RegisterRoutes } from '../app.ts'
import { health } from './health.ts'

/** Every resource of the API. */
export const resources: readonly RegisterRoutes[] = [health]
