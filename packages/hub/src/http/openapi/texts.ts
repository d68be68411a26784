export const introduction = `
Takes events from systems that emit them, keeps each one unchanged and delivers it to every integration that wants it.

**Keys.** Send \`Authorization: Bearer <key>\`. A key has scopes; the roles \`admin\`, \`operator\`, \`viewer\` and \`source\`
are ready-made sets of them. No key or a wrong one is 401, a key without the right 403.

**Errors** are \`application/problem+json\` (RFC 9457) with a stable \`code\`, a \`detail\` that tells what to do, and
\`errors\` with a path for each field that is wrong. Unknown fields are errors. New codes and new values of enumerations may
come: tolerate them.

**Lists** take \`limit\` (1 to 500, default 50) and \`cursor\`, and answer \`{items, nextCursor}\`; \`nextCursor\` is null at
the end. Times are RFC 3339 in UTC. Event ids are lower-case UUIDv7; all other ids and cursors are opaque.

**Changes.** \`PUT\` writes the whole resource: what is left out takes its default, except secrets, which keep their value
when they are left out or \`"***"\`. It is idempotent, answers with an \`ETag\` and honours \`If-Match\`. What it changes is
in force on the node that answered, and on others within a second.
`.trim()

/** The tags of the operations, in reading order. */
export const tagDescriptions = {
  'events in': 'How events arrive.',
  reading: 'Where every event is, and why.',
  acting: 'What a person can do about deliveries and integrations.',
  configuring: 'Sources, integrations and keys.',
  operating: 'The state of the hub itself.',
} as const
