import { freshCredentials } from '../communities/renewal.ts';
import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';
import { networkNamed } from '../networks/index.ts';
import type { Json, Live } from '../networks/message.ts';
import type { Capabilities, PaceRule, Seen, Target } from '../networks/network.ts';
import { paceOf, type Slot, takePace } from '../publishing/pace.ts';
import { accessTo } from '../publishing/stage.ts';
import type { Tx } from '../stores/postgres.ts';
import { comparable } from '../text/comparable.ts';

interface Standing {
  readable: boolean;
  id: string;
  workspace_id: string;
  community_id: string;
  network: string;
  remote_id: string;
  remote_ids: string[];
  live: Live;
  published_at: Date;
  external_id: string;
  capabilities: Capabilities;
  details: Record<string, Json>;
  settings: Record<string, Json>;
}

/** Reads at one network take at most so many posts. */
const batch = 100;

/**
 * Reads published posts back where the network lets us, and notes on the publication what it, or somebody there, cut,
 * changed or removed. One community at a time; a read that fails is made again at the next turn.
 */
export async function checkDrift(ctx: Context): Promise<void> {
  const { drift, driftChecks } = ctx.config.durations;
  // Moved on first: that is the lock, and one that cannot be read does not stand in the way of the others.
  const due = await ctx.sql<Standing[]>`
    with due as (
      select id from publications where drift_check_at <= statement_timestamp()
      order by community_id, drift_check_at limit ${batch} for update skip locked)
    update publications p
    set drift_check_at = (
      select min(p.published_at + after * interval '1 millisecond')
      from unnest(${driftChecks as number[]}::float8[]) as after
      where p.published_at + after * interval '1 millisecond' > clock_timestamp() + ${drift} * interval '1 millisecond')
    from due, communities c
    where p.id = due.id and c.id = p.community_id
    returning c.status = 'active' and p.remote_id is not null and p.live is not null and p.removed_at is null
        and p.state = 'published' as readable, p.id, p.workspace_id, p.community_id, p.network, p.remote_id, p.remote_ids, p.live, p.published_at,
      c.external_id, c.capabilities, c.details, c.settings`;
  // Those that cannot be read are moved on, too: they would fill the batch for ever.
  const communities = Map.groupBy(
    due.filter((row) => row.readable),
    (row) => row.community_id,
  );
  for (const rows of communities.values()) await checkCommunity(ctx, rows);
}

async function checkCommunity(ctx: Context, rows: readonly Standing[]): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const network = networkNamed(first.network);
  if (!network.read) return;
  const place = {
    externalId: first.external_id,
    capabilities: first.capabilities,
    details: first.details,
    settings: first.settings,
  };
  try {
    const credentials = await freshCredentials(ctx, {
      workspaceId: first.workspace_id,
      communityId: first.community_id,
    });
    if (!(await permit(ctx, paceOf(ctx, network, credentials, place).credential))) {
      return await lookLater(ctx, rows);
    }
    const targets = rows.map(
      (row): Target => ({ remoteId: row.remote_id, remoteIds: row.remote_ids, live: row.live }),
    );
    const seen = await network.read(
      accessTo(ctx, { network }, credentials, ctx.config.durations.sendText),
      place,
      targets,
    );
    for (const [index, row] of rows.entries()) await note(ctx, row, seen[index] ?? null);
  } catch (error) {
    if (!(error instanceof NetworkError || error instanceof AppError)) throw error;
    await lookLater(ctx, rows);
  }
}

/** Takes one permit, waiting for its own turn; false: it is too far away. */
async function permit(ctx: Context, bucket: PaceRule): Promise<boolean> {
  let slot: Slot | null = null;
  for (let turn = 0; turn < 3; turn += 1) {
    const taken = await takePace(ctx.sql, [bucket], slot, ctx.config.durations.callPermit);
    if ('wait' in taken) {
      if (taken.wait > 0) await Bun.sleep(taken.wait);
      return true;
    }
    slot = taken.slot;
    const wait = slot.at.getTime() - Date.now();
    if (wait > 60_000) return false;
    await Bun.sleep(Math.max(wait, 0));
  }
  return false;
}

async function lookLater(ctx: Context, rows: readonly Standing[]): Promise<void> {
  await ctx.sql`
    update publications
    set drift_check_at = clock_timestamp() + ${ctx.config.durations.drift * 2} * interval '1 millisecond'
    where id = any(${rows.map((row) => row.id)}::uuid[]) and removed_at is null`;
}

async function note(ctx: Context, row: Standing, seen: Seen | null): Promise<void> {
  if (seen === null) return;
  const drift = driftOf(row.live, seen);
  if (drift === null && seen.kind === 'there') {
    await ctx.sql`update publications set drift = null where id = ${row.id} and drift is not null`;
    return;
  }
  await noteDrift(ctx, row.id, drift, row.live);
}

/** What differs between what was published and what stands there; null: nothing. */
export function driftOf(
  live: Live,
  seen: Seen,
): { kind: 'removed' | 'changed' | 'cut'; seen: string | null } | null {
  if (seen.kind === 'gone') return { kind: 'removed', seen: null };
  const fewer = seen.media !== null && seen.media < live.media.length;
  if (seen.text !== null) {
    const [was, is] = [comparable(live.text), comparable(seen.text)];
    if (was !== is) {
      const start = is.replace(/(…|\.\.\.)$/, '').trimEnd();
      return { kind: was.startsWith(start) ? 'cut' : 'changed', seen: seen.text };
    }
  }
  return fewer ? { kind: 'cut', seen: seen.text } : null;
}

/** Keeps what was seen, unless an edit of ours changed meanwhile what should stand there. */
export async function noteDrift(
  ctx: Context,
  publicationId: string,
  drift: { kind: 'removed' | 'changed' | 'cut'; seen: string | null } | null,
  live: Live,
  tx: Tx = ctx.sql,
): Promise<void> {
  if (drift === null) return;
  const rows = await tx`
    update publications
    set drift = ${tx.json({ ...drift, at: new Date().toISOString() })},
        removed_at = case when ${drift.kind === 'removed'} then coalesce(removed_at, clock_timestamp()) else removed_at end,
        removed_by = case when ${drift.kind === 'removed'} then coalesce(removed_by, 'network') else removed_by end,
        drift_check_at = case when ${drift.kind === 'removed'} then null else drift_check_at end
    where id = ${publicationId} and removed_at is null and live = ${tx.json(live as never)}
      and not exists (
        select from publication_acts a where a.publication_id = publications.id and a.state = 'scheduled'
          and (a.kind = 'edit' or (a.kind = 'delete' and a.due_at <= clock_timestamp())))
    returning id`;
  if (rows.length > 0)
    ctx.log.warn({ publication: publicationId, drift: drift.kind }, 'a published post changed');
}
