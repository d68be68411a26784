import type { CheckedLink, Entity, Link, LinkType } from '../core/link.ts'
import type { Session } from './session.ts'

interface RawLink extends Omit<Link, 'metadata' | 'createdAt'> {
  readonly metadata: string
  readonly createdAtMs: number
}

const columns = `id::text as id, source_module as "sourceModule", source_entity_type as "sourceEntityType",
  source_entity_id as "sourceEntityId", target_module as "targetModule", target_entity_type as "targetEntityType",
  target_entity_id as "targetEntityId", link_type as "linkType", metadata::text as metadata,
  extract(epoch from created_at)::float8 * 1000 as "createdAtMs"`

/** The same link twice is one link, with the metadata of the second: handlers run again. */
export async function insertLink(session: Session, link: CheckedLink): Promise<Link> {
  const rows = await session.query<RawLink>(
    `insert into ${session.schema}.links (source_module, source_entity_type, source_entity_id,
      target_module, target_entity_type, target_entity_id, link_type, metadata)
    values ($1, $2, $3, $4, $5, $6, $7, $8::text::json)
    on conflict (source_module, source_entity_type, source_entity_id,
      target_module, target_entity_type, target_entity_id, link_type)
    do update set metadata = excluded.metadata
    returning ${columns}`,
    [
      link.sourceModule,
      link.sourceEntityType,
      link.sourceEntityId,
      link.targetModule,
      link.targetEntityType,
      link.targetEntityId,
      link.linkType,
      link.metadata,
    ],
  )
  const [inserted] = rows.map(toLink)
  if (!inserted) throw new Error('the database returned no row for the link')
  return inserted
}

const fromSource = 'source_module = $1 and source_entity_type = $2 and source_entity_id = $3'
const fromTarget = 'target_module = $1 and target_entity_type = $2 and target_entity_id = $3'
const toTarget = 'target_module = $4 and target_entity_type = $5 and target_entity_id = $6'
const toSource = 'source_module = $4 and source_entity_type = $5 and source_entity_id = $6'

export function findOutbound(session: Session, source: Entity, limit: number): Promise<Link[]> {
  return find(session, fromSource, ends(source), limit)
}

export function findInbound(session: Session, target: Entity, limit: number): Promise<Link[]> {
  return find(session, fromTarget, ends(target), limit)
}

export function findBetween(session: Session, a: Entity, b: Entity, limit: number): Promise<Link[]> {
  const condition = `(${fromSource} and ${toTarget}) or (${fromTarget} and ${toSource})`
  return find(session, condition, [...ends(a), ...ends(b)], limit)
}

export function findByType(session: Session, linkType: LinkType, limit: number): Promise<Link[]> {
  return find(session, 'link_type = $1', [linkType], limit)
}

async function find(session: Session, condition: string, values: string[], limit: number): Promise<Link[]> {
  const rows = await session.query<RawLink>(
    `select ${columns} from ${session.schema}.links where ${condition}
    order by created_at, id limit $${values.length + 1}::int`,
    [...values, limit],
  )
  return rows.map(toLink)
}

function ends(entity: Entity): string[] {
  return [entity.module, entity.entityType, entity.entityId]
}

function toLink({ createdAtMs, metadata, ...link }: RawLink): Link {
  const parsed: unknown = JSON.parse(metadata)
  return { ...link, metadata: parsed as Link['metadata'], createdAt: new Date(Math.round(createdAtMs)) }
}
