import { destroyCredentialIfIdle } from '../communities/credential.ts';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError, invalid } from '../errors.ts';
import { networkNamed } from '../networks/index.ts';
import type { Capabilities } from '../networks/network.ts';
import { followUp } from '../publishing/follow.ts';
import { planJobs } from '../publishing/plan.ts';
import { isUniqueViolation, type Tx } from '../stores/postgres.ts';
import { actsOf, showAct } from './act.ts';
import { placeOf } from './content.ts';
import { type Publication, type PublicationDetail, publicationsOf, showPublication } from './show.ts';

interface Locked {
  id: string;
  post_id: string;
  community_id: string;
  network: string;
  external_id: string;
  details: Record<string, never>;
  settings: Record<string, never>;
  capabilities: Capabilities;
  part: number;
  state: Publication['state'];
  hold_reason: string | null;
  /** What is to follow once it is public; null: nothing was sent yet. */
  afterwards: { pin?: boolean | 'silent'; deleteAfter?: number | null; comment?: object | null } | null;
}

async function lock(tx: Tx, who: Who, id: string): Promise<Locked> {
  const [row] = await tx<Locked[]>`
    select p.id, p.post_id, p.community_id, p.network, p.part, p.state, p.hold_reason, p.afterwards, c.external_id,
      c.details, c.settings, c.capabilities
    from publications p join communities c on c.id = p.community_id
    where p.id = ${id} and p.workspace_id = ${who.workspaceId} for update of p`;
  if (!row) throw new AppError('not_found', 'There is no such publication.');
  return row;
}

function expectState(row: Locked, act: string, ...states: Publication['state'][]): void {
  if (states.includes(row.state)) return;
  if (row.state === 'sending' || row.state === 'confirming') {
    throw new AppError('publication_in_flight', `This publication is ${row.state}: wait for its outcome.`);
  }
  throw new AppError('wrong_state', `A publication that is ${row.state} cannot be ${act}.`);
}

async function shown(tx: Tx, who: Who, row: Locked): Promise<Publication> {
  const found = (await publicationsOf(tx, who.workspaceId, [row.post_id])).find((one) => one.id === row.id);
  if (!found) throw new AppError('not_found', 'There is no such publication.');
  return showPublication(found);
}

/** Puts it on the plan for now, as a fresh try that a person asked for. */
async function dueNow(ctx: Context, tx: Tx, row: Locked, note: string): Promise<Date | null> {
  await tx`
    update publications
    set state = 'scheduled', hold_reason = null, note = ${note}, error = null, dismissed_at = null, fence = fence + 1,
        due_at = clock_timestamp(),
        next_try_at = clock_timestamp(), late_at = clock_timestamp() + ${ctx.config.durations.latePaced} * interval '1 millisecond',
        queued_for = null, slot_at = null, slot_key = null, limited_tries = 0, unsent_tries = 0, look_ups = 0, first_absent_at = null
    where id = ${row.id}`;
  return planJobs(ctx, tx, [row.id]);
}

async function sendNow(
  ctx: Context,
  who: Who,
  id: string,
  prepare: (tx: Tx, row: Locked) => Promise<string>,
): Promise<Publication> {
  const { publication, first } = await asWorkspace(ctx, who, async (tx) => {
    const row = await lock(tx, who, id);
    const note = await prepare(tx, row);
    const first = await dueNow(ctx, tx, row, note);
    return { publication: await shown(tx, who, row), first };
  });
  if (first) ctx.planned.changed(first);
  return publication;
}

/** Tries a failed one again, as a new attempt. */
export function retryPublication(ctx: Context, who: Who, id: string): Promise<Publication> {
  return sendNow(ctx, who, id, async (_tx, row) => {
    expectState(row, 'tried again', 'failed');
    return 'tried again by a person';
  });
}

/** Lets one out that is held for being late. */
export function releasePublication(ctx: Context, who: Who, id: string): Promise<Publication> {
  return sendNow(ctx, who, id, async (_tx, row) => {
    expectState(row, 'released', 'held');
    if (row.hold_reason !== 'late') {
      throw new AppError(
        'wrong_state',
        'This publication is held for another reason. Once that is mended it goes out at its time, or asks when that has passed.',
      );
    }
    return 'released by a person';
  });
}

/** «Not there, send again»: a person looked, so the unknown send counts as without effect. */
export function declareAbsent(ctx: Context, who: Who, id: string): Promise<Publication> {
  return sendNow(ctx, who, id, async (tx, row) => {
    expectState(row, 'sent again', 'unconfirmed');
    await tx`
      update publication_attempts
      set outcome = 'absent', decided_by = ${`user:${who.userId}`}, decided_at = clock_timestamp()
      where publication_id = ${row.id} and kind = 'send' and (outcome is null or outcome = 'unknown')`;
    return 'a person looked: not there';
  });
}

/** «It is there»: published, with the address of the post where the person gives it. */
export async function confirmPublication(
  ctx: Context,
  who: Who,
  id: string,
  input: { remote_url?: string | undefined },
): Promise<Publication> {
  try {
    let next: Date | null = null;
    const publication = await asWorkspace(ctx, who, async (tx) => {
      const row = await lock(tx, who, id);
      expectState(row, 'confirmed', 'unconfirmed');
      const remoteId = input.remote_url
        ? networkNamed(row.network).remoteIdOf(placeOf(row), input.remote_url)
        : null;
      if (input.remote_url && remoteId === null) {
        throw invalid({
          path: '/remote_url',
          message: 'This is not the address of a post in this community.',
        });
      }
      if (remoteId === null && (await isCommentedByParts(tx, row))) {
        const message =
          'Further parts of this post go under it as comments, which needs its address: give it, or discard these parts first.';
        throw invalid({ path: '/remote_url', message });
      }
      const leftOut = remoteId === null ? leftOutOf(row) : '';
      await tx`
        update publication_attempts
        set outcome = 'accepted', decided_by = ${`user:${who.userId}`}, decided_at = clock_timestamp(), remote_id = ${remoteId}
        where publication_id = ${row.id} and kind = 'send' and (outcome is null or outcome = 'unknown')`;
      await tx`
        update publications
        set state = 'published', remote_id = ${remoteId}, remote_ids = ${remoteId === null ? [] : [remoteId]},
            published_at = coalesce((select max(a.intent_at) from publication_attempts a
              where a.publication_id = publications.id and a.kind = 'send' and a.outcome = 'accepted'), clock_timestamp()),
            remote_url = ${input.remote_url ?? null}, error = null,
            note = ${`a person looked: it is there${leftOut}`}
        where id = ${row.id}`;
      next = await followUp(ctx, tx, row.id);
      await destroyCredentialIfIdle(tx, row.community_id);
      return shown(tx, who, row);
    });
    if (next) ctx.planned.changed(next);
    return publication;
  } catch (error) {
    if (!isUniqueViolation(error, 'publications_remote')) throw error;
    throw invalid({ path: '/remote_url', message: 'Another publication has this address already.' });
  }
}

/** Whether parts wait for this one that the network cannot take without its id. */
async function isCommentedByParts(tx: Tx, row: Locked): Promise<boolean> {
  const after = { kind: 'thread' as const, first: '1', previous: '1' };
  const part = { text: '', entities: [], media: [], poll: null, options: {}, after };
  if (row.part > 1 || networkNamed(row.network).live(part, placeOf(row)).comments === null) return false;
  const waiting = await tx`
    select from publications
    where post_id = ${row.post_id} and community_id = ${row.community_id} and part > 1 and state = 'held'`;
  return waiting.length > 0;
}

/** What cannot be done with a post whose id is not known, in plain words. */
function leftOutOf({ afterwards }: Locked): string {
  const { pin, comment, deleteAfter } = afterwards ?? {};
  const wanted = [pin && 'pin', comment && 'first comment', deleteAfter && 'deletion'].filter(Boolean);
  return wanted.length === 0 ? '' : `; left out, since no address was given: ${wanted.join(', ')}`;
}

/** Drops one that is held or unconfirmed. */
export function discardPublication(ctx: Context, who: Who, id: string): Promise<Publication> {
  return asWorkspace(ctx, who, async (tx) => {
    const row = await lock(tx, who, id);
    expectState(row, 'discarded', 'held', 'unconfirmed');
    await tx`
      update publications set state = 'cancelled', hold_reason = null, note = 'discarded by a person' where id = ${row.id}`;
    await cancelLaterParts(tx, row);
    return shown(tx, who, row);
  });
}

/** A failed one needs no attention any more, or needs it again; it stays failed. */
export function dismissPublication(
  ctx: Context,
  who: Who,
  id: string,
  dismissed: boolean,
): Promise<Publication> {
  return asWorkspace(ctx, who, async (tx) => {
    const row = await lock(tx, who, id);
    expectState(row, dismissed ? 'dismissed' : 'restored', 'failed');
    await tx`
      update publications set dismissed_at = ${dismissed ? tx`coalesce(dismissed_at, now())` : null} where id = ${row.id}`;
    return shown(tx, who, row);
  });
}

/** Cancels one that is scheduled or held. */
export function cancelPublication(ctx: Context, who: Who, id: string): Promise<Publication> {
  return asWorkspace(ctx, who, async (tx) => {
    const row = await lock(tx, who, id);
    expectState(row, 'cancelled', 'scheduled', 'held');
    await tx`
      update publications
      set state = 'cancelled', hold_reason = null, note = 'cancelled by a person', fence = fence + 1, lease_owner = null,
          lease_until = null
      where id = ${row.id}`;
    await cancelLaterParts(tx, row);
    return shown(tx, who, row);
  });
}

/** Without the part before them they never get their turn. */
async function cancelLaterParts(tx: Tx, row: Locked): Promise<void> {
  await tx`
    update publications later
    set state = 'cancelled', hold_reason = null, note = 'the part before it was dropped'
    from publications p
    where p.id = ${row.id} and later.post_id = p.post_id and later.community_id = p.community_id and later.part > p.part
      and later.state = 'held' and later.hold_reason = 'previous_part'`;
}

/** The publications of a post with their history and the evidence of every attempt. */
export function publicationDetails(ctx: Context, who: Who, postId: string): Promise<PublicationDetail[]> {
  return asWorkspace(ctx, who, async (tx) => {
    const [post] = await tx`select from posts where id = ${postId} and workspace_id = ${who.workspaceId}`;
    if (!post) throw new AppError('not_found', 'There is no such post.');
    const publications = await publicationsOf(tx, who.workspaceId, [postId]);
    const ids = publications.map((row) => row.id);
    const events = await tx<
      {
        publication_id: string;
        at: Date;
        from_state: Publication['state'] | null;
        to_state: Publication['state'];
        reason: string | null;
      }[]
    >`
      select publication_id, at, from_state, to_state, reason from publication_events
      where workspace_id = ${who.workspaceId} and publication_id = any(${ids}::uuid[]) order by id`;
    const attempts = await tx<
      {
        publication_id: string;
        kind: 'send' | 'find';
        intent_at: Date;
        outcome: PublicationDetail['evidence'][number]['outcome'];
        decided_by: string | null;
        decided_at: Date | null;
        error: { code?: string; message?: string } | null;
      }[]
    >`
      select publication_id, kind, intent_at, outcome, decided_by, decided_at, error from publication_attempts
      where workspace_id = ${who.workspaceId} and publication_id = any(${ids}::uuid[]) order by intent_at, id`;
    const acts = await actsOf(tx, who.workspaceId, ids);
    return publications.map((row) => ({
      ...showPublication(row),
      history: events
        .filter((event) => event.publication_id === row.id)
        .map((event) => ({
          at: event.at.toISOString(),
          from: event.from_state,
          to: event.to_state,
          reason: event.reason,
        })),
      acts: acts.filter((act) => act.publication_id === row.id).map(showAct),
      evidence: attempts
        .filter((attempt) => attempt.publication_id === row.id)
        .map((attempt) => ({
          kind: attempt.kind,
          at: attempt.intent_at.toISOString(),
          outcome: attempt.outcome,
          decided_by: attempt.decided_by?.startsWith('user:') ? 'a person' : attempt.decided_by,
          decided_at: attempt.decided_at?.toISOString() ?? null,
          code: attempt.error?.code ?? null,
          message: attempt.error?.message ?? null,
        })),
    }));
  });
}
