import type { Context } from '../context.ts';
import { networkNamed } from '../networks/index.ts';
import type { Live } from '../networks/message.ts';
import type { Place } from '../networks/network.ts';
import type { Tx } from '../stores/postgres.ts';
import { comparable } from '../text/comparable.ts';
import { followUp } from './follow.ts';
import { planJobs } from './plan.ts';

interface Candidate {
  remote_id: string;
  text: string;
  media: string[];
  album: string | null;
}

/** How much earlier than our clock a network's may say that a post was made. Milliseconds. */
const clockSlack = 60_000;

/**
 * Posts that the network told of since the send, that nobody else claims, and that look like `live`; an album is one.
 * One: it is ours. Several: nobody can tell which. Newest last.
 */
export async function observedLike(
  tx: Tx,
  communityId: string,
  live: Pick<Live, 'text' | 'media'>,
  sentAt: Date,
): Promise<string[][]> {
  const rows = await tx<Candidate[]>`
    select o.remote_id, o.text, o.media, o.album from observed_posts o
    where o.community_id = ${communityId} and o.publication_id is null and o.removed_at is null
      and o.posted_at >= ${new Date(sentAt.getTime() - clockSlack)}
      and not exists (
        select from publications p where p.community_id = o.community_id and p.remote_id = o.remote_id)
      and not exists (
        select from publications p where p.community_id = o.community_id and cardinality(p.remote_ids) > 1
          and p.remote_ids @> array[o.remote_id])
    order by o.posted_at, length(o.remote_id), o.remote_id limit 500`;
  const posts = Map.groupBy(rows, (row) => row.album ?? row.remote_id);
  const wanted = comparable(live.text);
  return [...posts.values()]
    .filter((parts) => {
      const text = parts.map((part) => part.text).join('');
      const media = parts.reduce((sum, part) => sum + part.media.length, 0);
      return comparable(text) === wanted && media === live.media.length;
    })
    .map((parts) => parts.map((part) => part.remote_id));
}

/**
 * Whether another publication of the community, of unknown outcome or on its way, makes the same public: then nobody can
 * tell whose a post is that looks like both. `sending`: one of them may still tell by its answer.
 */
export async function rivalOf(
  tx: Tx,
  communityId: string,
  publicationId: string,
  live: Pick<Live, 'text' | 'media'>,
): Promise<'none' | 'sending' | 'unknown'> {
  const rows = await tx<{ live: Live; state: string }[]>`
    select live, state from publications
    where community_id = ${communityId} and id <> ${publicationId} and live is not null
      and state in ('sending', 'confirming', 'unconfirmed')`;
  const alike = rows.filter(
    (row) =>
      comparable(row.live.text) === comparable(live.text) && row.live.media.length === live.media.length,
  );
  if (alike.length === 0) return 'none';
  return alike.some((row) => row.state === 'sending') ? 'sending' : 'unknown';
}

/**
 * A new post was seen: whatever waits for an answer in this community looks again, and what a person was asked about is
 * settled when exactly one new post looks like it. Answers when something is due; after the commit call
 * `ctx.planned.changed` with it.
 */
export async function settleBySight(ctx: Context, tx: Tx, communityId: string): Promise<Date | null> {
  const waiting = await tx<{ id: string }[]>`
    update publications set next_try_at = clock_timestamp(), queued_for = null
    where community_id = ${communityId} and state = 'confirming'
      and (lease_until is null or lease_until < statement_timestamp())
    returning id`;
  let first = await planJobs(
    ctx,
    tx,
    waiting.map((row) => row.id),
  );
  const asked = await tx<
    { id: string; live: Live; attempt: string; sent_at: Date; network: string; place: Place }[]
  >`
    select p.id, p.live, a.id as attempt, a.intent_at as sent_at, c.network,
      jsonb_build_object('externalId', c.external_id, 'capabilities', c.capabilities, 'details', c.details,
        'settings', c.settings) as place
    from publications p join publication_attempts a on a.publication_id = p.id and a.kind = 'send' and a.outcome = 'unknown'
    join communities c on c.id = p.community_id
    where p.community_id = ${communityId} and p.state = 'unconfirmed' and p.live is not null
    order by p.id for update of p`;
  for (const row of asked) {
    const [found, ...others] = await observedLike(tx, communityId, row.live, row.sent_at);
    const [remoteId] = found ?? [];
    if (found === undefined || remoteId === undefined || others.length > 0) continue;
    if ((await rivalOf(tx, communityId, row.id, row.live)) !== 'none') continue;
    await tx`
      update publication_attempts
      set outcome = 'accepted', decided_by = 'look-up', decided_at = clock_timestamp(), remote_id = ${remoteId}
      where id = ${row.attempt} and outcome = 'unknown'`;
    await tx`
      update publications
      set state = 'published', remote_id = ${remoteId}, remote_ids = ${found}, published_at = ${row.sent_at}, error = null,
          remote_url = ${networkNamed(row.network).urlOf?.(row.place, remoteId) ?? null},
          note = 'found by the updates of the network'
      where id = ${row.id} and state = 'unconfirmed'`;
    const next = await followUp(ctx, tx, row.id);
    if (next && (first === null || next < first)) first = next;
  }
  return first;
}
