import type { Context } from '../context.ts';
import { mediaItems } from '../media/media.ts';
import { networkNamed } from '../networks/index.ts';
import type { Json, Message } from '../networks/message.ts';
import type { Capabilities, Network, Place } from '../networks/network.ts';
import type { Tx } from '../stores/postgres.ts';
import { mediaUses, type PostContent, piecesOf } from './message.ts';
import type { Slot } from './pace.ts';

/** A publication that this worker holds a lease on, with everything that a send or a look-up needs. */
export interface Claimed {
  id: string;
  workspaceId: string;
  communityId: string;
  network: Network;
  state: 'scheduled' | 'confirming';
  /** False for one that is only being prepared. */
  due: boolean;
  fence: string;
  contentVersion: number;
  dueAt: Date;
  nextTryAt: Date;
  slot: Slot | null;
  limitedTries: number;
  unsentTries: number;
  lookUps: number;
  firstAbsentAt: Date | null;
  community: {
    status: string;
    credentialVersion: number | null;
    place: Place;
  };
  content: PostContent;
  /** Which message of the content: 1 is the first. */
  part: number;
  /** Remote ids of the first part and of the one before this; null: this is the first, or they are not known. */
  before: { first: string | null; previous: string | null };
}

interface ClaimedRow {
  id: string;
  workspace_id: string;
  community_id: string;
  network: string;
  state: 'scheduled' | 'confirming';
  fence: string;
  content_version: number;
  due_at: Date;
  next_try_at: Date;
  slot_at: Date | null;
  slot_key: string | null;
  limited_tries: number;
  unsent_tries: number;
  look_ups: number;
  first_absent_at: Date | null;
  part: number;
  before: { first: string | null; previous: string | null };
  status: string;
  external_id: string;
  capabilities: Capabilities;
  details: Record<string, Json>;
  settings: Record<string, Json>;
  credential_version: number | null;
  content: PostContent;
}

/** The content of the row `posts`, as one value. */
export const postContent = (tx: Tx) => tx`
  jsonb_build_object('text', posts.text, 'entities', posts.entities, 'poll', posts.poll, 'parts', posts.parts,
    'first_comment', posts.first_comment, 'overrides', posts.overrides,
    'media_ids', coalesce((select jsonb_agg(m.media_id order by m.position) from post_media m
      where m.post_id = posts.id and m.used_in = ''), '[]')) as content`;

/** A worker's name in leases; unique per process start. */
export const workerName = `${process.pid}-${crypto.randomUUID().slice(0, 8)}`;

/** Places that are taken, by `<workspace id> <network>` and by network; and how many each may take. */
export interface Places {
  workspaces: Readonly<Record<string, number>>;
  networks: Readonly<Record<string, number>>;
  mostPerWorkspace: number;
  mostPerNetwork: number;
}

/**
 * Takes leases on what is due, going round the workspaces, so that one with 5,000 due posts does not stand before the
 * others, and neither does a network that answers slowly. Rows that another worker is just claiming are passed over,
 * and so is a network whose breaker is open.
 *
 * The conditions read statement_timestamp(): clock_timestamp() is volatile, so no index would serve them.
 */
export async function claimDue(ctx: Context, most: number, places: Places): Promise<Claimed[]> {
  const { sql } = ctx;
  const rows = await sql<{ id: string; fence: string }[]>`
    with due as (
      select id, workspace_id, network, next_try_at,
        row_number() over (partition by workspace_id, network order by next_try_at, id) as turn
      from (
        select id, workspace_id, network, next_try_at from publications
        where state in ('scheduled', 'confirming') and next_try_at <= statement_timestamp()
          and (lease_until is null or lease_until < statement_timestamp())
          and (state = 'confirming' or (late_at > statement_timestamp()
            and not exists (select from breakers b where b.open and b.network = publications.network)))
        order by next_try_at limit 20000) reachable),
    -- More than wanted: another worker may be taking the same ones. Few, so that the planner goes by the key below.
    allowed as (
      select id, network, next_try_at, turn,
        row_number() over (partition by network order by turn, next_try_at, id) as network_turn
      from due
      where turn <= ${places.mostPerWorkspace}
        - coalesce((${sql.json(places.workspaces)} ->> (workspace_id::text || ' ' || network))::int, 0)),
    nearest as (
      select id from allowed
      where network_turn <= ${places.mostPerNetwork} - coalesce((${sql.json(places.networks)} ->> network)::int, 0)
      order by turn, next_try_at limit ${most * 3}),
    picked as (
      select p.id from publications p join nearest on nearest.id = p.id
      where p.state in ('scheduled', 'confirming') and p.next_try_at <= statement_timestamp()
        and (p.lease_until is null or p.lease_until < statement_timestamp())
        -- After an outage a series sends the last one missed alone.
        and (p.state = 'confirming' or not waits_for_series(p))
      limit ${most}
      for update of p skip locked)
    update publications p
    set fence = fence + 1, lease_owner = ${workerName},
        lease_until = clock_timestamp() + ${ctx.config.durations.lease} * interval '1 millisecond'
    from picked where p.id = picked.id
    returning p.id, p.fence`;
  return load(ctx, rows, true);
}

/** Takes leases on named publications that are not due yet, to upload their media. */
export async function claimToPrepare(ctx: Context, ids: readonly string[]): Promise<Claimed[]> {
  const rows = await ctx.sql<{ id: string; fence: string }[]>`
    update publications p
    set fence = fence + 1, lease_owner = ${workerName},
        lease_until = clock_timestamp() + ${ctx.config.durations.lease} * interval '1 millisecond'
    where id in (
      select id from publications
      where id = any(${ids as string[]}::uuid[]) and state = 'scheduled' and next_try_at > statement_timestamp()
        and (lease_until is null or lease_until < statement_timestamp())
        -- Before its slot it could only ask for a later one, and would never get to its upload.
        and (slot_at is null or slot_at <= statement_timestamp())
      order by id for update skip locked)
    returning id, fence`;
  return load(ctx, rows, false);
}

async function load(
  ctx: Context,
  leases: readonly { id: string; fence: string }[],
  due: boolean,
): Promise<Claimed[]> {
  if (leases.length === 0) return [];
  const fences = new Map(leases.map((lease) => [lease.id, lease.fence]));
  const rows = await ctx.sql<ClaimedRow[]>`
    select p.id, p.workspace_id, p.community_id, p.network, p.state, p.fence, p.content_version, p.due_at,
      p.next_try_at, p.slot_at, p.slot_key, p.limited_tries, p.unsent_tries, p.look_ups, p.first_absent_at, p.part,
      ${postContent(ctx.sql)},
      case when p.part = 1 then '{"first": null, "previous": null}' else (
        select jsonb_build_object('first', max(b.remote_id) filter (where b.part = 1),
          'previous', max(b.remote_id) filter (where b.part = p.part - 1))
        from publications b where b.post_id = p.post_id and b.community_id = p.community_id) end as before,
      c.status, c.external_id, c.capabilities, c.details, c.settings, cr.version as credential_version
    from publications p
    join posts on posts.id = p.post_id
    join communities c on c.id = p.community_id
    left join credentials cr on cr.community_id = c.id
    where p.id = any(${[...fences.keys()]}::uuid[]) and p.lease_owner = ${workerName}
    order by p.next_try_at`;
  // A lease that ran out before it was loaded is another's, or a later one of ours.
  const ours = rows.filter((row) => fences.get(row.id) === row.fence);
  return ours.map((row) => ({
    id: row.id,
    workspaceId: row.workspace_id,
    communityId: row.community_id,
    network: networkNamed(row.network),
    state: row.state,
    due,
    fence: row.fence,
    contentVersion: row.content_version,
    dueAt: row.due_at,
    nextTryAt: row.next_try_at,
    slot: row.slot_at && row.slot_key ? { at: row.slot_at, key: row.slot_key } : null,
    limitedTries: row.limited_tries,
    unsentTries: row.unsent_tries,
    lookUps: row.look_ups,
    firstAbsentAt: row.first_absent_at,
    community: {
      status: row.status,
      credentialVersion: row.credential_version,
      place: {
        externalId: row.external_id,
        capabilities: row.capabilities,
        details: row.details,
        settings: row.settings,
      },
    },
    content: row.content,
    part: row.part,
    before: row.before,
  }));
}

/** What of a claim its message is made of. */
export type Sendable = Pick<
  Claimed,
  'workspaceId' | 'communityId' | 'network' | 'content' | 'part' | 'before'
>;

/** The message as the network sees it. Throws `invalid` when a file is not there any more. */
export async function messageOf(ctx: Context, tx: Tx, claimed: Sendable): Promise<Message> {
  const ids = [...new Set(mediaUses(claimed.content).flatMap((use) => use.ids))];
  const items = await mediaItems(ctx, tx, claimed.workspaceId, ids);
  const pieces = piecesOf(claimed.content, claimed, new Map(items.map((item) => [item.id, item])));
  const message = pieces[claimed.part - 1]?.message;
  if (!message) throw new Error(`a post has no part ${claimed.part}`);
  return message.after === null
    ? message
    : { ...message, after: { kind: message.after.kind, ...claimed.before } };
}

/**
 * Prolongs the leases of everything in flight. A row that is missing from the answer was taken over.
 */
export async function prolongLeases(ctx: Context, held: readonly Claimed[]): Promise<void> {
  if (held.length === 0) return;
  await ctx.sql`
    update publications
    set lease_until = clock_timestamp() + ${ctx.config.durations.lease} * interval '1 millisecond'
    where id in (
      -- A row that somebody holds for a moment gets its turn at the next beat: one must not stop the others' hearts.
      select id from publications
      where id = any(${held.map((claimed) => claimed.id)}::uuid[]) and lease_owner = ${workerName}
        and lease_until > statement_timestamp()
      order by id for update skip locked)`;
}
