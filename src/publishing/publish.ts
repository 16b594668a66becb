import type { Context } from '../context.ts';
import { asOwner } from '../context.ts';
import { sha256 } from '../crypto.ts';
import { AppError } from '../errors.ts';
import { publishLag } from '../metrics.ts';
import { type Access, type Composition, type Message, NetworkError, type Sent } from '../networks/network.ts';
import { type Claimed, credentialsOf, messageOf, workerName } from './claim.ts';
import { sendWait, stageWait, takePace } from './pace.ts';
import { releaseLease, waitForSlot } from './reschedule.ts';
import { fail, holdForReconnect, reauth, settle, settleFailure } from './settle.ts';

/**
 * Carries one claimed publication as far as its time allows: media are uploaded before the due time; at the due time
 * barrier, send, settle. Never throws for what a network does; an error of our own is left to the lease.
 */
export async function carry(ctx: Context, claimed: Claimed): Promise<void> {
  await ctx.reached('after_claim');
  if (claimed.community.status !== 'active' || claimed.community.credentialVersion === null) {
    return holdForReconnect(ctx, claimed);
  }
  const message = await messageOf(ctx, ctx.sql, claimed);
  let credentials: unknown;
  try {
    credentials = await credentialsOf(ctx, ctx.sql, claimed);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    ctx.log.error({ err: error, community: claimed.communityId }, 'credential cannot be used');
    return reauth(ctx, claimed, {
      kind: 'auth',
      code: 'credential_unreadable',
      message: 'The kept credential of this community cannot be opened.',
      next_step: 'Connect the community again.',
    });
  }
  const composition = claimed.network.compose(message, claimed.community.place);
  const problem = composition.problems[0];
  if (problem) {
    return fail(ctx, claimed, {
      kind: 'rejected',
      code: problem.code,
      message: problem.message,
      next_step: 'Edit the post and try again.',
    });
  }

  const handles = await stage(ctx, claimed, credentials, message);
  if (!handles) return;
  if (!claimed.due && !(await isDue(ctx, claimed))) return releaseLease(ctx, claimed);

  const rules = claimed.network.pace(credentials, claimed.community.place).send;
  const taken = await takePace(ctx.sql, rules, claimed.slot, sendWait);
  if ('slot' in taken) return waitForSlot(ctx, claimed, taken.slot);
  if (taken.wait > 0) await Bun.sleep(taken.wait);

  const barrier = await commitBarrier(ctx, claimed, composition);
  if (!barrier) return releaseLease(ctx, claimed);
  await ctx.reached('after_barrier_commit');
  await send(ctx, claimed, barrier, { credentials, message, handles });
}

/** Uploads what has no live handle yet; answers null when the publication was put back or ended. */
async function stage(
  ctx: Context,
  claimed: Claimed,
  credentials: unknown,
  message: Message,
): Promise<ReadonlyMap<string, string> | null> {
  const network = claimed.network;
  if (!network.stage || message.media.length === 0) return new Map();
  const kept = await ctx.sql<{ media_id: string; handle: string }[]>`
    select media_id, handle from staged_media
    where publication_id = ${claimed.id} and (expires_at is null or expires_at > clock_timestamp() + interval '2 minutes')`;
  const handles = new Map(kept.map((row) => [row.media_id, row.handle]));
  const bucket = network.pace(credentials, claimed.community.place).credential;
  const calls = network.stageCalls ?? 1;
  const between = bucket.per / bucket.rate;
  try {
    for (const item of message.media) {
      if (handles.has(item.id)) continue;
      // The permits of all its calls at once: an item that had to stop half-way would begin anew, and might never end.
      const whole = { ...bucket, rate: bucket.rate / calls };
      const taken = await takePace(ctx.sql, [whole], claimed.slot, stageWait);
      if ('slot' in taken) {
        await waitForSlot(ctx, claimed, taken.slot);
        return null;
      }
      // Used up: the next item, and the send, need permits of their own.
      claimed.slot = null;
      const from = performance.now() + taken.wait;
      let call = 0;
      const access: Access<unknown> = {
        ...accessTo(ctx, claimed, credentials, ctx.config.durations.stage),
        pace: () => Bun.sleep(Math.max(from + between * call++ - performance.now(), 0)),
      };
      const staged = await network.stage(access, claimed.community.place, item);
      // Kept as soon as it is there: a crash after this line uploads nothing twice.
      await ctx.sql`
        insert into staged_media (workspace_id, publication_id, media_id, handle, expires_at)
        values (${claimed.workspaceId}, ${claimed.id}, ${item.id}, ${staged.handle},
          ${staged.expiresAt === null ? null : new Date(staged.expiresAt)})
        on conflict (publication_id, media_id) do update
          set handle = excluded.handle, expires_at = excluded.expires_at, staged_at = now()`;
      handles.set(item.id, staged.handle);
      if (claimed.limitedTries + claimed.unsentTries > 0) {
        await ctx.sql`update publications set limited_tries = 0, unsent_tries = 0 where id = ${claimed.id}`;
        claimed.limitedTries = 0;
        claimed.unsentTries = 0;
      }
      await ctx.reached('during_staging');
    }
    return handles;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await settleFailure(ctx, claimed, null, bucket, error);
    return null;
  }
}

/**
 * The barrier: one statement that proves the lease, the content and the connection, records the attempt and moves the
 * state, committed before a single byte leaves. `one_live_send` refuses it while an earlier send may have had an effect.
 * Answers null when anything changed meanwhile.
 */
async function commitBarrier(
  ctx: Context,
  claimed: Claimed,
  composition: Composition,
): Promise<{ attemptId: string; committedAt: number } | null> {
  const attemptId = Bun.randomUUIDv7();
  const { lease, sendStart } = ctx.config.durations;
  const done = await asOwner(ctx, async (tx) => {
    const rows = await tx`
      with community as materialized (
        select c.id from communities c join credentials cr on cr.community_id = c.id
        where c.id = ${claimed.communityId} and c.status = 'active' and cr.version = ${claimed.community.credentialVersion}
        for share of c),
      moved as (
        update publications
        set state = 'sending', note = null, error = null,
            lease_until = clock_timestamp() + ${lease} * interval '1 millisecond'
        where id = ${claimed.id} and state = 'scheduled' and fence = ${claimed.fence} and lease_owner = ${workerName}
          and lease_until > clock_timestamp() and content_version = ${claimed.contentVersion}
          and next_try_at <= clock_timestamp() and exists (select from community)
        returning id)
      insert into publication_attempts
        (id, workspace_id, publication_id, network, kind, fence, client_key, content_version, request_hash, send_before,
         over_at)
      select ${attemptId}, ${claimed.workspaceId}, moved.id, ${claimed.network.name}, 'send', ${claimed.fence}, moved.id,
        ${claimed.contentVersion}, ${sha256(JSON.stringify(composition.request))},
        clock_timestamp() + ${sendStart} * interval '1 millisecond',
        clock_timestamp() + ${sendStart + budgetOf(ctx, claimed)} * interval '1 millisecond'
      from moved returning id`;
    await ctx.reached('before_barrier_commit');
    return rows.length === 1;
  });
  return done ? { attemptId, committedAt: performance.now() } : null;
}

async function send(
  ctx: Context,
  claimed: Claimed,
  barrier: { attemptId: string; committedAt: number },
  content: { credentials: unknown; message: Message; handles: ReadonlyMap<string, string> },
): Promise<void> {
  const { sendStart } = ctx.config.durations;
  let sent: Sent;
  try {
    // Monotonic: a process that slept since the barrier must not send into a row that was taken over.
    if (performance.now() - barrier.committedAt > sendStart) {
      throw new NetworkError('not_sent', {
        code: 'too_late',
        message: 'The worker was stopped between barrier and send.',
      });
    }
    const startedAt = Date.now();
    sent = await claimed.network.publish(
      accessTo(ctx, claimed, content.credentials, budgetOf(ctx, claimed)),
      claimed.community.place,
      content.message,
      content.handles,
      claimed.id,
    );
    publishLag.observe(
      { network: claimed.network.name },
      Math.max(startedAt - claimed.dueAt.getTime(), 0) / 1_000,
    );
  } catch (error) {
    const seen =
      error instanceof NetworkError
        ? error
        : // An error of our own between the barrier and the answer: bytes may have left.
          new NetworkError('unknown', {
            code: 'internal',
            message: 'The send ended in an error of Outpost itself.',
          });
    if (seen !== error) ctx.log.error({ err: error, publication: claimed.id }, 'send failed');
    await ctx.reached('after_answer');
    const buckets = claimed.network.pace(content.credentials, claimed.community.place);
    const bucket = seen.scope === 'place' ? (buckets.send[1] ?? buckets.credential) : buckets.credential;
    return settleFailure(ctx, claimed, barrier.attemptId, bucket, seen);
  }
  await ctx.reached('after_answer');
  await settle(ctx, claimed, barrier.attemptId, sent);
  await ctx.reached('after_settle');
}

/** Milliseconds that a send may take: longer where the pictures go out with it. */
function budgetOf(ctx: Context, claimed: Claimed): number {
  const { sendText, sendMedia } = ctx.config.durations;
  return claimed.hasMedia && !claimed.network.stage ? sendMedia : sendText;
}

export function accessTo(
  ctx: Context,
  claimed: Claimed,
  credentials: unknown,
  timeout: number,
): Access<unknown> {
  const root = ctx.config.roots[claimed.network.name];
  if (!root) throw new Error(`no API root for ${claimed.network.name}`);
  return { credentials, root, timeout, connect: ctx.config.durations.connect };
}

/** By the database's clock, which every worker shares. */
async function isDue(ctx: Context, claimed: Claimed): Promise<boolean> {
  const [row] = await ctx.sql<{ due: boolean }[]>`select ${claimed.nextTryAt} <= clock_timestamp() as due`;
  return row?.due ?? false;
}
