import { defineCommand } from '../command.ts'
import { writeJson } from '../output.ts'

export const openapi = defineCommand({
  name: 'openapi',
  summary: 'Print the OpenAPI 3.1 document of the API.',
  examples: ['hub openapi > openapi.json'],
  async run(context) {
    const api = await context.api()
    writeJson(context.out, await api.get('/openapi.json'))
  },
})
