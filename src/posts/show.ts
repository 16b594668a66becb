import * as v from 'valibot';
import { networkNamed } from '../networks/index.ts';
import type { PostContent } from '../publishing/message.ts';
import { TimeChoice } from '../slots/choice.ts';
import type { Tx } from '../stores/postgres.ts';
import { EntitySchema } from '../text/formatted.ts';
import { PollSchema, PostStatus } from './input.ts';

export { PostStatus } from './input.ts';

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
export const Action = v.picklist([
  'cancel',
  'release',
  'confirm',
  'absent',
  'discard',
  'retry',
  'dismiss',
  'restore',
  'delete',
  'pin',
  'unpin',
  'comment',
]);

/** A publication as the API shows it. */
export const Publication = v.strictObject({
  id: v.string(),
  post_id: v.string(),
  community: v.strictObject({ id: v.string(), network: v.string(), title: v.string() }),
  part: v.pipe(v.number(), v.description('Which of the messages that the post is here: 1 is the first.')),
  state: PublicationState,
  due_at: Time,
  published_at: nullable(Time),
  remote_id: nullable(v.string()),
  remote_url: nullable(v.string()),
  pinned: v.boolean(),
  removed_at: v.pipe(nullable(Time), v.description('Since when it is gone from the network.')),
  removed_by: nullable(v.picklist(['outpost', 'network'])),
  drift: v.pipe(
    nullable(
      v.strictObject({
        kind: v.picklist(['removed', 'changed', 'cut']),
        at: Time,
        seen: v.pipe(nullable(v.string()), v.description('The text that stands there now.')),
      }),
    ),
    v.description('What the network, or somebody there, did to the post after it was published.'),
  ),
  attempts: v.pipe(v.number(), v.description('Sends that were begun.')),
  hold_reason: nullable(v.picklist(['late', 'network_down', 'disconnected', 'reauth', 'previous_part'])),
  note: v.pipe(nullable(v.string()), v.description('Plain words on the last change.')),
  error: nullable(
    v.strictObject({
      kind: v.string(),
      code: v.string(),
      message: v.string(),
      next_step: nullable(v.string()),
    }),
  ),
  dismissed_at: v.pipe(
    nullable(Time),
    v.description('Since when a person knows that it failed: it needs no attention any more.'),
  ),
  actions: v.pipe(
    v.array(Action),
    v.description('What can be done with it now: the last part of its routes.'),
  ),
});
export type Publication = v.InferOutput<typeof Publication>;

/** What is done with a publication once it is public. */
export const Act = v.strictObject({
  id: v.string(),
  publication_id: v.string(),
  kind: v.picklist(['edit', 'delete', 'pin', 'unpin', 'comment']),
  state: v.picklist(['scheduled', 'sending', 'confirming', 'unconfirmed', 'done', 'failed', 'cancelled']),
  due_at: Time,
  decided_at: nullable(Time),
  text: v.pipe(nullable(v.string()), v.description('Of a comment.')),
  remote_id: v.pipe(nullable(v.string()), v.description('Of a comment, once it is there.')),
  tries: v.number(),
  note: nullable(v.string()),
  error: nullable(
    v.strictObject({
      kind: v.string(),
      code: v.string(),
      message: v.string(),
      next_step: nullable(v.string()),
    }),
  ),
  actions: v.array(v.picklist(['cancel', 'retry', 'confirm', 'absent', 'discard'])),
});
export type Act = v.InferOutput<typeof Act>;

/** A publication with its history, the evidence of each attempt, and what was done with it since. */
export const PublicationDetail = v.strictObject({
  ...Publication.entries,
  acts: v.array(Act),
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

const Entities = v.array(EntitySchema);
const PartShape = v.strictObject({
  text: v.string(),
  entities: Entities,
  media_ids: v.array(v.string()),
  poll: nullable(PollSchema),
});

export const Post = v.strictObject({
  id: v.string(),
  status: PostStatus,
  needs_attention: v.boolean(),
  ...PartShape.entries,
  parts: v.array(PartShape),
  first_comment: nullable(v.strictObject({ text: v.string(), entities: Entities })),
  community_ids: v.array(v.string()),
  overrides: v.record(
    v.string(),
    v.strictObject({
      ...v.partial(PartShape).entries,
      parts: v.optional(v.array(PartShape)),
      options: v.optional(v.record(v.string(), v.unknown())),
    }),
  ),
  scheduled_at: nullable(Time),
  local_time: nullable(v.string()),
  timezone: nullable(v.string()),
  time_note: v.pipe(
    nullable(TimeNoteShape),
    v.description('What daylight saving did to the local time; told in the answer that resolved it.'),
  ),
  time_choice: v.pipe(
    nullable(TimeChoice),
    v.description('Why `at: best` or `at: experiment` chose this time, with the evidence of that moment.'),
  ),
  time_sensitive: v.boolean(),
  series: v.pipe(
    nullable(
      v.strictObject({
        id: v.string(),
        occurrence: v.pipe(v.string(), v.description('The wall time that its rule names.')),
      }),
    ),
    v.description('The series that made it.'),
  ),
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
  part: number;
  state: Publication['state'];
  due_at: Date;
  published_at: Date | null;
  remote_id: string | null;
  remote_url: string | null;
  pinned: boolean;
  /** Whether this connection may comment at all. */
  can_comment: boolean;
  removed_at: Date | null;
  removed_by: Publication['removed_by'];
  drift: Publication['drift'];
  attempts: number;
  hold_reason: Publication['hold_reason'];
  note: string | null;
  error: Publication['error'];
  dismissed_at: Date | null;
}

const actionsOf: Record<Publication['state'], readonly v.InferOutput<typeof Action>[]> = {
  scheduled: ['cancel'],
  held: ['release', 'discard'],
  sending: [],
  confirming: [],
  unconfirmed: ['confirm', 'absent', 'discard'],
  published: ['delete', 'pin', 'unpin', 'comment'],
  failed: ['retry', 'dismiss', 'restore'],
  cancelled: [],
};

/** What can be done with it now: what its state allows, and what its network can do at all. */
function actionsOn(row: PublicationRow): Publication['actions'] {
  const { remove, pin, comment } = networkNamed(row.network);
  return actionsOf[row.state].filter((action) => {
    switch (action) {
      // What is held for another reason than lateness goes out by itself once the reason is gone.
      case 'release':
        return row.hold_reason === 'late';
      case 'dismiss':
        return row.dismissed_at === null;
      case 'restore':
        return row.dismissed_at !== null;
      case 'delete':
        return remove !== undefined && row.remote_id !== null && row.removed_at === null;
      case 'pin':
      case 'unpin':
        return (
          pin !== undefined &&
          row.remote_id !== null &&
          row.removed_at === null &&
          row.pinned === (action === 'unpin')
        );
      case 'comment':
        return comment !== undefined && row.can_comment && row.remote_id !== null && row.removed_at === null;
      default:
        return true;
    }
  });
}

export function showPublication(row: PublicationRow): Publication {
  return {
    id: row.id,
    post_id: row.post_id,
    community: { id: row.community_id, network: row.network, title: row.title },
    part: row.part,
    state: row.state,
    due_at: row.due_at.toISOString(),
    published_at: row.published_at?.toISOString() ?? null,
    remote_id: row.remote_id,
    remote_url: row.remote_url,
    pinned: row.pinned,
    removed_at: row.removed_at?.toISOString() ?? null,
    removed_by: row.removed_by,
    drift: row.drift,
    attempts: row.attempts,
    hold_reason: row.hold_reason,
    note: row.note,
    error: row.error,
    dismissed_at: row.dismissed_at?.toISOString() ?? null,
    actions: actionsOn(row),
  };
}

/** Publications of posts, in the order of the communities' titles. */
export function publicationsOf(
  tx: Tx,
  workspaceId: string,
  postIds: readonly string[],
): Promise<PublicationRow[]> {
  return tx<PublicationRow[]>`
    select p.id, p.post_id, p.community_id, p.network, c.title, p.part, p.state, p.due_at, p.pinned,
      coalesce((c.capabilities -> 'comments' ->> 'available')::boolean, false) as can_comment, p.removed_at,
      p.removed_by, p.drift, p.published_at, p.remote_id,
      p.remote_url, p.hold_reason, p.note, p.error, p.dismissed_at,
      (select count(*)::int from publication_attempts a where a.publication_id = p.id and a.kind = 'send') as attempts
    from publications p join communities c on c.id = p.community_id
    where p.workspace_id = ${workspaceId} and p.post_id = any(${postIds as string[]}::uuid[])
    order by c.title collate "und-x-icu", p.community_id, p.part`.then((rows) => [...rows]);
}

/**
 * Whether something of the row `posts p` waits for a person: a publication, or what was to be done with one that stands
 * at its network. A failed act is over once a later one of its kind was done.
 */
export const needsAttention = (tx: Tx) => tx`(
  exists (
    select from publications pub where pub.post_id = p.id and (pub.state = 'unconfirmed'
      or (pub.state = 'failed' and pub.dismissed_at is null)
      or (pub.state = 'held' and pub.hold_reason not in ('network_down', 'previous_part'))))
  or exists (
    select from publications pub join publication_acts a on a.publication_id = pub.id
    where pub.post_id = p.id and a.state in ('failed', 'unconfirmed')
      and (a.state = 'unconfirmed' or (pub.removed_at is null and not exists (
        select from publication_acts later
        where later.publication_id = a.publication_id and later.state = 'done' and later.decided_at > a.decided_at
          and (later.kind = a.kind or (later.kind in ('pin', 'unpin') and a.kind in ('pin', 'unpin'))))))))`;

/** What a {@link PostRow} is read from: columns of `posts p`. */
export const postColumns = (tx: Tx) => tx`
  p.id, p.text, p.entities, p.poll, p.parts, p.first_comment, p.community_ids, p.overrides, p.scheduled_at, p.local_time, p.timezone, p.time_choice, p.time_sensitive, p.series_id, p.occurrence,
  p.created_at, p.updated_at, ${needsAttention(tx)} as needs_attention,
  coalesce((select array_agg(m.media_id order by m.position) from post_media m where m.post_id = p.id and m.used_in = ''), '{}') as media_ids,
  post_status(coalesce((select array_agg(distinct pub.state) from publications pub
    -- What waits for an earlier part is not there yet, whatever becomes of that.
    where pub.post_id = p.id and pub.hold_reason is distinct from 'previous_part'), '{}')) as status`;

export interface PostRow {
  id: string;
  status: Post['status'];
  needs_attention: boolean;
  text: string;
  entities: PostContent['entities'];
  media_ids: string[];
  poll: PostContent['poll'];
  parts: PostContent['parts'];
  first_comment: PostContent['first_comment'];
  community_ids: string[];
  overrides: PostContent['overrides'];
  scheduled_at: Date | null;
  local_time: string | null;
  timezone: string | null;
  time_choice: Post['time_choice'];
  time_sensitive: boolean;
  series_id: string | null;
  occurrence: string | null;
  created_at: Date;
  updated_at: Date;
}

/** The content of a post as it is kept. */
export function contentOf(row: PostRow): PostContent {
  const { text, entities, media_ids, poll, parts, first_comment, overrides } = row;
  return { text, entities, media_ids, poll, parts, first_comment, overrides };
}

export function showPost(
  row: PostRow,
  publications: readonly PublicationRow[],
  note: Post['time_note'] = null,
): Post {
  return {
    id: row.id,
    status: row.status,
    needs_attention: row.needs_attention,
    ...(contentOf(row) as Pick<Post, keyof PostContent>),
    community_ids: row.community_ids,
    scheduled_at: row.scheduled_at?.toISOString() ?? null,
    local_time: row.local_time,
    timezone: row.timezone,
    time_note: note,
    time_choice: row.time_choice,
    time_sensitive: row.time_sensitive,
    series:
      row.series_id === null || row.occurrence === null
        ? null
        : { id: row.series_id, occurrence: row.occurrence },
    publications: publications.filter((publication) => publication.post_id === row.id).map(showPublication),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
