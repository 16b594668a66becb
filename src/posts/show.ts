import * as v from 'valibot';
import type { Tx } from '../stores/postgres.ts';

const Time = v.pipe(v.string(), v.isoTimestamp());
const nullable = <Schema extends v.GenericSchema>(schema: Schema) => v.nullable(schema);

export const PublicationState = v.picklist([
  'scheduled',
  'held',
  'sending',
  'confirming',
  'unconfirmed',
  'published',
  'failed',
  'cancelled',
]);
export const PostStatus = v.picklist([
  'draft',
  'scheduled',
  'publishing',
  'published',
  'partially_published',
  'failed',
  'cancelled',
]);
export const Action = v.picklist(['cancel', 'release', 'confirm', 'absent', 'discard', 'retry']);

/** A publication as the API shows it. */
export const Publication = v.strictObject({
  id: v.string(),
  post_id: v.string(),
  community: v.strictObject({ id: v.string(), network: v.string(), title: v.string() }),
  state: PublicationState,
  due_at: Time,
  published_at: nullable(Time),
  remote_id: nullable(v.string()),
  remote_url: nullable(v.string()),
  attempts: v.pipe(v.number(), v.description('Sends that were begun.')),
  hold_reason: nullable(v.picklist(['late', 'network_down', 'disconnected', 'reauth'])),
  note: v.pipe(nullable(v.string()), v.description('Plain words on the last change.')),
  error: nullable(
    v.strictObject({
      kind: v.string(),
      code: v.string(),
      message: v.string(),
      next_step: nullable(v.string()),
    }),
  ),
  actions: v.pipe(
    v.array(Action),
    v.description('What can be done with it now: the last part of its routes.'),
  ),
});
export type Publication = v.InferOutput<typeof Publication>;

/** A publication with its history and the evidence of each attempt. */
export const PublicationDetail = v.strictObject({
  ...Publication.entries,
  history: v.array(
    v.strictObject({
      at: Time,
      from: nullable(PublicationState),
      to: PublicationState,
      reason: nullable(v.string()),
    }),
  ),
  evidence: v.array(
    v.strictObject({
      kind: v.picklist(['send', 'find']),
      at: Time,
      outcome: nullable(v.picklist(['accepted', 'rejected', 'not_sent', 'absent', 'unknown'])),
      decided_by: nullable(v.string()),
      decided_at: nullable(Time),
      code: nullable(v.string()),
      message: nullable(v.string()),
    }),
  ),
});
export type PublicationDetail = v.InferOutput<typeof PublicationDetail>;

export const TimeNoteShape = v.strictObject({ kind: v.picklist(['gap', 'overlap']), message: v.string() });

export const Post = v.strictObject({
  id: v.string(),
  status: PostStatus,
  needs_attention: v.boolean(),
  text: v.string(),
  media_ids: v.array(v.string()),
  community_ids: v.array(v.string()),
  overrides: v.record(v.string(), v.strictObject({ text: v.optional(v.string()) })),
  scheduled_at: nullable(Time),
  local_time: nullable(v.string()),
  timezone: nullable(v.string()),
  time_note: v.pipe(
    nullable(TimeNoteShape),
    v.description('What daylight saving did to the local time; told in the answer that resolved it.'),
  ),
  time_sensitive: v.boolean(),
  publications: v.array(Publication),
  created_at: Time,
  updated_at: Time,
});
export type Post = v.InferOutput<typeof Post>;

export interface PublicationRow {
  id: string;
  post_id: string;
  community_id: string;
  network: string;
  title: string;
  state: Publication['state'];
  due_at: Date;
  published_at: Date | null;
  remote_id: string | null;
  remote_url: string | null;
  attempts: number;
  hold_reason: Publication['hold_reason'];
  note: string | null;
  error: Publication['error'];
}

const actionsOf: Record<Publication['state'], readonly v.InferOutput<typeof Action>[]> = {
  scheduled: ['cancel'],
  held: ['release', 'discard'],
  sending: [],
  confirming: [],
  unconfirmed: ['confirm', 'absent', 'discard'],
  published: [],
  failed: ['retry'],
  cancelled: [],
};

export function showPublication(row: PublicationRow): Publication {
  return {
    id: row.id,
    post_id: row.post_id,
    community: { id: row.community_id, network: row.network, title: row.title },
    state: row.state,
    due_at: row.due_at.toISOString(),
    published_at: row.published_at?.toISOString() ?? null,
    remote_id: row.remote_id,
    remote_url: row.remote_url,
    attempts: row.attempts,
    hold_reason: row.hold_reason,
    note: row.note,
    error: row.error,
    // What is held for another reason than lateness goes out by itself once the reason is gone.
    actions: actionsOf[row.state].filter((action) => action !== 'release' || row.hold_reason === 'late'),
  };
}

/** Publications of posts, in the order of the communities' titles. */
export function publicationsOf(
  tx: Tx,
  workspaceId: string,
  postIds: readonly string[],
): Promise<PublicationRow[]> {
  return tx<PublicationRow[]>`
    select p.id, p.post_id, p.community_id, p.network, c.title, p.state, p.due_at, p.published_at, p.remote_id,
      p.remote_url, p.hold_reason, p.note, p.error,
      (select count(*)::int from publication_attempts a where a.publication_id = p.id and a.kind = 'send') as attempts
    from publications p join communities c on c.id = p.community_id
    where p.workspace_id = ${workspaceId} and p.post_id = any(${postIds as string[]}::uuid[])
    order by c.title collate "und-x-icu", p.id`.then((rows) => [...rows]);
}

/** What a {@link PostRow} is read from: columns of `posts p`. */
export const postColumns = (tx: Tx) => tx`
  p.id, p.text, p.community_ids, p.overrides, p.scheduled_at, p.local_time, p.timezone, p.time_sensitive, p.created_at,
  p.updated_at,
  coalesce((select array_agg(m.media_id order by m.position) from post_media m where m.post_id = p.id), '{}') as media_ids,
  post_status(coalesce((select array_agg(distinct pub.state) from publications pub where pub.post_id = p.id), '{}')) as status`;

export interface PostRow {
  id: string;
  status: Post['status'];
  text: string;
  media_ids: string[];
  community_ids: string[];
  overrides: Post['overrides'];
  scheduled_at: Date | null;
  local_time: string | null;
  timezone: string | null;
  time_sensitive: boolean;
  created_at: Date;
  updated_at: Date;
}

export function showPost(
  row: PostRow,
  publications: readonly PublicationRow[],
  note: Post['time_note'] = null,
): Post {
  return {
    id: row.id,
    status: row.status,
    needs_attention: publications.some(
      ({ state, hold_reason }) =>
        state === 'unconfirmed' || state === 'failed' || (state === 'held' && hold_reason !== 'network_down'),
    ),
    text: row.text,
    media_ids: row.media_ids,
    community_ids: row.community_ids,
    overrides: row.overrides,
    scheduled_at: row.scheduled_at?.toISOString() ?? null,
    local_time: row.local_time,
    timezone: row.timezone,
    time_note: note,
    time_sensitive: row.time_sensitive,
    publications: publications.filter((publication) => publication.post_id === row.id).map(showPublication),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
