import { driftOf, noteDrift } from '../acts/drift.ts';
import type { Context } from '../context.ts';
import type { InboundEvent, PostSeen } from '../networks/inbound.ts';
import type { Live } from '../networks/message.ts';
import { settleBySight } from '../publishing/observed.ts';
import type { Tx } from '../stores/postgres.ts';

type Of<Kind extends InboundEvent['kind']> = Extract<InboundEvent, { kind: Kind }>;

/** Who hears. */
export interface Ear {
  /** `telegram:bot:<id>`, `vk:group:<id>`. */
  key: string;
  network: string;
}

/** A community that an update concerns. */
interface Target {
  id: string;
  workspace_id: string;
  /** Its own account heard it: of several that hear the same, one may count. */
  own: boolean;
  proved: boolean;
}

/**
 * The communities at a place, in every workspace. One that must be connected again hears its own accounts alone: it has
 * lost the place, and others' accounts tell of it to those who still have it.
 */
function targetsAt(tx: Tx, { key, network }: Ear, place: string): Promise<Target[]> {
  return tx<Target[]>`
    select c.id, c.workspace_id, coalesce(k.source_key = ${key}, false) as own,
      coalesce(c.details @> '{"witness_proved": true}', false) as proved
    from communities c left join credentials k on k.community_id = c.id and k.workspace_id = c.workspace_id
    where c.network = ${network} and c.external_id = ${place}
      and (c.status = 'active'
        or (c.status = 'needs_reauth' and (k.source_key = ${key} or c.details ->> 'witness_source' = ${key})))
    order by c.id`.then((rows) => [...rows]);
}

/**
 * A post is there: it is kept, and what waits for an outcome in its community is settled by it. Answers when something
 * is due: after the commit call `ctx.planned.changed` with it.
 */
export async function postSeen(ctx: Context, tx: Tx, ear: Ear, event: PostSeen): Promise<Date | null> {
  let first: Date | null = null;
  for (const target of await targetsAt(tx, ear, event.place)) {
    await waitForAnswers(tx, target);
    // Of a copy in the discussion group the album is another one: the channel's own has the last word.
    await tx`
      insert into observed_posts as o (workspace_id, community_id, remote_id, posted_at, text, media, album)
      values (${target.workspace_id}, ${target.id}, ${event.remoteId}, ${new Date(event.at)}, ${event.text},
        ${[...event.media]}, ${event.album})
      on conflict (community_id, remote_id) do update
        set posted_at = excluded.posted_at, seen_at = now(),
            text = case when o.edited_at is null then excluded.text else o.text end,
            media = case when o.edited_at is null then excluded.media else o.media end,
            album = case when ${event.copied} then coalesce(o.album, excluded.album) else coalesce(excluded.album, o.album) end`;
    if (await bind(tx, target, event.remoteId)) {
      // We made it, and heard of it all the same: so we shall the next time.
      if (!target.proved) {
        await tx`
          update communities set details = jsonb_set(details, '{witness_proved}', 'true') where id = ${target.id}`;
      }
      continue;
    }
    const next = await settleBySight(ctx, tx, target.id);
    if (next && (first === null || next < first)) first = next;
  }
  return first;
}

/**
 * An answer that is just being written down binds its post to the publication; whoever comes second sees what the first
 * has written.
 */
async function waitForAnswers(tx: Tx, { id }: Target): Promise<void> {
  await tx`
    select from publications
    where community_id = ${id} and state in ('sending', 'confirming', 'unconfirmed') order by id for no key update`;
}

/** Whether the post is a publication of ours; notes which. */
async function bind(tx: Tx, { id }: Target, remoteId: string): Promise<boolean> {
  const rows = await tx`
    update observed_posts o set publication_id = p.id
    from publications p
    where o.community_id = ${id} and o.remote_id = ${remoteId} and p.community_id = ${id} and p.id = (
      select id from publications where community_id = ${id} and remote_id = ${remoteId}
      union all
      select id from publications
      where community_id = ${id} and cardinality(remote_ids) > 1 and remote_ids @> array[${remoteId}]::text[]
      limit 1)
    returning o.remote_id`;
  return rows.length > 0;
}

interface Published {
  id: string;
  live: Live | null;
  remote_ids: string[];
}

/** A post has other words now. One of ours that we did not change ourselves has drifted. */
export async function postEdited(ctx: Context, tx: Tx, ear: Ear, event: Of<'post_edited'>): Promise<void> {
  for (const target of await targetsAt(tx, ear, event.place)) {
    await waitForAnswers(tx, target);
    await tx`
      insert into observed_posts as o (workspace_id, community_id, remote_id, posted_at, text, media, album, edited_at)
      values (${target.workspace_id}, ${target.id}, ${event.remoteId}, ${new Date(event.postedAt)}, ${event.text},
        ${[...(event.media ?? [])]}, ${event.album}, ${new Date(event.at)})
      on conflict (community_id, remote_id) do update
        set text = excluded.text, media = ${event.media === null ? tx`o.media` : tx`excluded.media`},
            edited_at = excluded.edited_at
        where o.edited_at is null or o.edited_at <= excluded.edited_at`;
    if (!(await bind(tx, target, event.remoteId))) continue;
    const [publication] = await tx<Published[]>`
      select p.id, p.live, p.remote_ids
      from observed_posts o join publications p on p.id = o.publication_id
      where o.community_id = ${target.id} and o.remote_id = ${event.remoteId} and p.state = 'published'`;
    if (publication) await compare(ctx, tx, publication, event);
  }
}

async function compare(
  ctx: Context,
  tx: Tx,
  { id, live, remote_ids }: Published,
  { remoteId, text, media }: Of<'post_edited'>,
): Promise<void> {
  if (live === null || live.poll) return;
  // The words of an album stand under its first file; the others are told one by one.
  const whole = remote_ids.length <= 1;
  if (!whole && remote_ids[0] !== remoteId) return;
  const seen = { kind: 'there', text, media: whole && media ? media.length : null, pinned: null } as const;
  const drift = driftOf(live, seen);
  if (drift !== null) return noteDrift(ctx, id, drift, live, tx);
  await tx`
    update publications set drift = null
    where id = ${id} and drift is not null and removed_at is null and live = ${tx.json(live as never)}`;
}

/** Comments of a post are there: what waits to be said first can be said. */
export async function threadSeen(tx: Tx, ear: Ear, event: Of<'thread'>): Promise<void> {
  for (const target of await targetsAt(tx, ear, event.place)) {
    await waitForAnswers(tx, target);
    await tx`
      update observed_posts set thread = ${event.thread}
      where community_id = ${target.id} and remote_id = ${event.remoteId}`;
    await tx`
      update publications set thread = ${event.thread}
      where community_id = ${target.id} and remote_id = ${event.remoteId} and thread is null`;
  }
}

/** Totals may be told by anybody, and any number of times; what came and went is counted once. */
export async function reactionsSeen(tx: Tx, ear: Ear, event: Of<'reactions'>): Promise<void> {
  for (const target of await targetsAt(tx, ear, event.place)) {
    if (event.mode === 'change' && !target.own) continue;
    await known(tx, target, event.remoteId);
    const [row] = await tx<{ reactions: Record<string, number> | null }[]>`
      select reactions from observed_posts
      where community_id = ${target.id} and remote_id = ${event.remoteId} for update`;
    if (!row) continue;
    const counts = new Map(event.mode === 'total' ? [] : Object.entries(row.reactions ?? {}));
    for (const [emoji, count] of Object.entries(event.counts))
      counts.set(emoji, (counts.get(emoji) ?? 0) + count);
    const reactions = Object.fromEntries([...counts].filter(([, count]) => count > 0));
    await tx`
      update observed_posts set reactions = ${tx.json(reactions)}, reactions_at = now()
      where community_id = ${target.id} and remote_id = ${event.remoteId}`;
  }
}

/** A comment came or went, under a post that is known by its own id or by where its comments are. */
export async function commentSeen(tx: Tx, ear: Ear, event: Of<'comment'>): Promise<void> {
  const change = event.removed ? -1 : 1;
  const counted = async (rows: readonly { community_id: string; remote_id: string }[]) => {
    for (const { community_id, remote_id } of rows) {
      await tx`
        update observed_posts set comments = greatest(0, coalesce(comments, 0) + ${change})
        where community_id = ${community_id} and remote_id = ${remote_id}`;
    }
  };
  if (event.post !== null) {
    const { place, remoteId } = event.post;
    const targets = (await targetsAt(tx, ear, place)).filter(({ own }) => own);
    for (const target of targets) await known(tx, target, remoteId);
    await counted(targets.map(({ id }) => ({ community_id: id, remote_id: remoteId })));
    if (targets.length > 0) return;
  }
  if (event.thread === null) return;
  await counted(
    await tx<{ community_id: string; remote_id: string }[]>`
      select o.community_id, o.remote_id from observed_posts o
      join communities c on c.id = o.community_id and c.network = ${ear.network} and c.status <> 'disconnected'
      join credentials k on k.community_id = c.id and k.source_key = ${ear.key}
      where o.thread = ${event.thread} order by o.community_id, o.remote_id`,
  );
}

/** A post of ours of which nothing but its reactions was ever told begins to be known with them. */
async function known(tx: Tx, { id }: Target, remoteId: string): Promise<void> {
  await tx`
    insert into observed_posts (workspace_id, community_id, remote_id, publication_id, posted_at, text, media, thread)
    select p.workspace_id, p.community_id, p.remote_id, p.id, p.published_at, p.live ->> 'text',
      array(select jsonb_path_query(p.live, '$.media[*].kind') #>> '{}'), p.thread
    from publications p
    where p.community_id = ${id} and p.remote_id = ${remoteId} and p.state = 'published' and p.live is not null
    on conflict do nothing`;
}
