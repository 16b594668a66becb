import type { Context } from '../context.ts';
import { networkNamed } from '../networks/index.ts';
import type { Json, Live } from '../networks/message.ts';
import type { Capabilities, Target } from '../networks/network.ts';
import { postContent, type Sendable, workerName } from '../publishing/claim.ts';
import type { PostContent } from '../publishing/message.ts';
import type { Slot } from '../publishing/pace.ts';
import type { Entity } from '../text/formatted.ts';

export type ActKind = 'edit' | 'delete' | 'pin' | 'unpin' | 'comment';

/** Something to be done with a published post, on which this worker holds a lease. */
export interface ClaimedAct extends Sendable {
  id: string;
  publicationId: string;
  kind: ActKind;
  state: 'scheduled' | 'confirming';
  fence: string;
  tries: number;
  lookUps: number;
  firstAbsentAt: Date | null;
  dueAt: Date;
  sentAt: Date | null;
  overAt: Date | null;
  slot: Slot | null;
  payload: { text?: string; entities?: readonly Entity[]; content_version?: number; silent?: boolean };
  contentVersion: number;
  /** null: the network gave no id, or it is gone: nothing can be done with it. */
  target: Target | null;
  /** Where the network keeps comments under it; null: not known (yet). */
  thread: string | null;
  publishedAt: Date | null;
  community: {
    status: string;
    credentialVersion: number | null;
    place: {
      externalId: string;
      capabilities: Capabilities;
      details: Record<string, Json>;
      settings: Record<string, Json>;
    };
  };
}

interface Row {
  id: string;
  workspace_id: string;
  publication_id: string;
  community_id: string;
  network: string;
  kind: ActKind;
  state: 'scheduled' | 'confirming';
  fence: string;
  tries: number;
  look_ups: number;
  first_absent_at: Date | null;
  due_at: Date;
  sent_at: Date | null;
  over_at: Date | null;
  slot_at: Date | null;
  slot_key: string | null;
  payload: ClaimedAct['payload'];
  content_version: number;
  content: PostContent;
  part: number;
  before: Sendable['before'];
  remote_id: string | null;
  remote_ids: string[];
  live: Live | null;
  removed_at: Date | null;
  thread: string | null;
  published_at: Date | null;
  status: string;
  external_id: string;
  capabilities: Capabilities;
  details: Record<string, Json>;
  settings: Record<string, Json>;
  credential_version: number | null;
}

/**
 * Takes leases on acts that are due, the oldest of each publication first: an edit and a deletion of one post never go
 * side by side.
 */
export async function claimActs(ctx: Context, most: number): Promise<ClaimedAct[]> {
  const leases = await ctx.sql<{ id: string; fence: string }[]>`
    with due as (
      select distinct on (publication_id) id, publication_id, next_try_at from publication_acts
      where state in ('scheduled', 'confirming') and next_try_at <= statement_timestamp()
      order by publication_id, due_at, id),
    picked as (
      select a.id from publication_acts a join due on due.id = a.id
      where (a.lease_until is null or a.lease_until < statement_timestamp()) and not exists (
        select from publication_acts other
        where other.publication_id = a.publication_id and other.id <> a.id and other.lease_until > statement_timestamp())
      order by due.next_try_at limit ${most} for update of a skip locked)
    update publication_acts a
    set fence = fence + 1, lease_owner = ${workerName},
        lease_until = clock_timestamp() + ${ctx.config.durations.lease} * interval '1 millisecond'
    from picked where a.id = picked.id and a.state in ('scheduled', 'confirming')
    returning a.id, a.fence`;
  if (leases.length === 0) return [];
  const fences = new Map(leases.map((lease) => [lease.id, lease.fence]));
  const rows = await ctx.sql<Row[]>`
    select a.id, a.workspace_id, a.publication_id, p.community_id, a.network, a.kind, a.state, a.fence, a.tries, a.look_ups,
      a.first_absent_at, a.due_at, a.sent_at, a.over_at, a.slot_at, a.slot_key, a.payload, posts.content_version, ${postContent(ctx.sql)}, p.part,
      case when p.part = 1 then '{"first": null, "previous": null}' else (
        select jsonb_build_object('first', max(b.remote_id) filter (where b.part = 1),
          'previous', max(b.remote_id) filter (where b.part = p.part - 1))
        from publications b where b.post_id = p.post_id and b.community_id = p.community_id) end as before,
      p.remote_id, p.remote_ids, p.live, p.removed_at, p.thread, p.published_at, c.status, c.external_id, c.capabilities,
      c.details, c.settings, cr.version as credential_version
    from publication_acts a
    join publications p on p.id = a.publication_id
    join posts on posts.id = p.post_id
    join communities c on c.id = p.community_id
    left join credentials cr on cr.community_id = c.id
    where a.id = any(${[...fences.keys()]}::uuid[]) and a.lease_owner = ${workerName}`;
  return rows.filter((row) => fences.get(row.id) === row.fence).map(asClaim);
}

function asClaim(row: Row): ClaimedAct {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    publicationId: row.publication_id,
    communityId: row.community_id,
    network: networkNamed(row.network),
    kind: row.kind,
    state: row.state,
    fence: row.fence,
    tries: row.tries,
    lookUps: row.look_ups,
    firstAbsentAt: row.first_absent_at,
    dueAt: row.due_at,
    sentAt: row.sent_at,
    overAt: row.over_at,
    slot: row.slot_at && row.slot_key ? { at: row.slot_at, key: row.slot_key } : null,
    payload: row.payload,
    contentVersion: row.content_version,
    content: row.content,
    part: row.part,
    before: row.before,
    target:
      row.remote_id === null || row.live === null || row.removed_at !== null
        ? null
        : { remoteId: row.remote_id, remoteIds: row.remote_ids, live: row.live },
    thread: row.thread,
    publishedAt: row.published_at,
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
  };
}

/** Prolongs the leases of acts in flight. */
export async function prolongActs(ctx: Context, held: readonly ClaimedAct[]): Promise<void> {
  if (held.length === 0) return;
  await ctx.sql`
    update publication_acts
    set lease_until = clock_timestamp() + ${ctx.config.durations.lease} * interval '1 millisecond'
    where id in (
      select id from publication_acts
      where id = any(${held.map((act) => act.id)}::uuid[]) and lease_owner = ${workerName}
        and lease_until > statement_timestamp()
      order by id for update skip locked)`;
}

/** Comments whose worker died after the barrier: they may be there. */
export async function takeOverActs(ctx: Context): Promise<void> {
  await ctx.sql`
    update publication_acts
    set state = 'confirming', fence = fence + 1, next_try_at = clock_timestamp(), lease_owner = null, lease_until = null,
        note = 'the worker stopped in the middle of it'
    where id in (
      select id from publication_acts
      where state = 'sending' and (lease_until is null or lease_until < statement_timestamp())
      order by id limit 500 for update skip locked)`;
}
