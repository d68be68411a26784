// The tests of this package run on the PostgreSQL that the repository brings along; the package knows nothing of it.
import { createTestDatabase, type TestDatabase } from '../../../hub/src/testing/database.ts'
import { until } from '../../../hub/src/testing/until.ts'

export { createTestDatabase, type TestDatabase, until }
