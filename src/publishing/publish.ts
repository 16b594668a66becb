import { freshCredentials } from '../communities/renewal.ts';
import { asOwner, type Context } from '../context.ts';
import { sha256 } from '../crypto.ts';
import { AppError } from '../errors.ts';
import { publishLag } from '../metrics.ts';
import { NetworkError } from '../networks/error.ts';
import type { Composition, Message } from '../networks/message.ts';
import type { Sent } from '../networks/network.ts';
import { type Claimed, messageOf, workerName } from './claim.ts';
import { paceOf, takePace } from './pace.ts';
import { limitedOnce, releaseLease, retryAfter, waitForSlot } from './reschedule.ts';
import { fail, holdForReconnect, reauth, settle, settleFailure } from './settle.ts';
import { accessTo, stage, stagesAt } from './stage.ts';

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
    credentials = await freshCredentials(ctx, claimed);
  } catch (error) {
    return withoutCredentials(ctx, claimed, error);
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

  const rules = paceOf(ctx, claimed.network, credentials, claimed.community.place).send;
  const taken = await takePace(ctx.sql, rules, claimed.slot, ctx.config.durations.sendPermit);
  if ('slot' in taken) return waitForSlot(ctx, claimed, taken.slot);
  if (taken.wait > 0) await Bun.sleep(taken.wait);

  const barrier = await commitBarrier(ctx, claimed, composition, message);
  if (!barrier) return releaseLease(ctx, claimed);
  await ctx.reached('after_barrier_commit');
  await send(ctx, claimed, barrier, { credentials, message, handles });
}

/** The credential cannot be opened, or its access ended and could not be renewed. */
async function withoutCredentials(ctx: Context, claimed: Claimed, error: unknown): Promise<void> {
  if (error instanceof NetworkError && error.kind === 'limited') {
    const wait = error.retryAfter ?? ctx.config.durations.limitedFirst;
    return retryAfter(ctx, claimed, wait, 'the access is being renewed', null, limitedOnce(claimed));
  }
  if (!(error instanceof AppError || error instanceof NetworkError)) throw error;
  ctx.log.error({ err: error, community: claimed.communityId }, 'credential cannot be used');
  return reauth(ctx, claimed, {
    kind: 'auth',
    code: error instanceof NetworkError ? error.code : 'credential_unreadable',
    message:
      error instanceof NetworkError
        ? error.message
        : 'The kept credential of this community cannot be opened.',
    next_step: 'Connect the community again.',
  });
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
  message: Message,
): Promise<{ attemptId: string; committedAt: number } | null> {
  const attemptId = Bun.randomUUIDv7();
  const { lease, sendStart } = ctx.config.durations;
  const { network } = claimed;
  const live = network.live(message, claimed.community.place);
  const follows = {
    ...network.afterwards?.(message),
    ...(claimed.part === 1 &&
      claimed.community.place.capabilities.comments.available && { comment: claimed.content.first_comment }),
    ...(claimed.part === 1 &&
      claimed.content.first_comment !== null &&
      !claimed.community.place.capabilities.comments.available && {
        left_out: 'the first comment is left out: this connection cannot comment',
      }),
  };
  const done = await asOwner(ctx, async (tx) => {
    const rows = await tx`
      with community as materialized (
        select c.id from communities c join credentials cr on cr.community_id = c.id
        where c.id = ${claimed.communityId} and c.status = 'active' and cr.version = ${claimed.community.credentialVersion}
        for share of c),
      moved as (
        update publications
        set state = 'sending', note = null, error = null, live = ${tx.json(live as never)},
            live_version = ${claimed.contentVersion}, afterwards = ${tx.json(follows as never)},
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
        clock_timestamp() + ${sendStart + budgetOf(ctx, claimed, message)} * interval '1 millisecond'
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
      accessTo(ctx, claimed, content.credentials, budgetOf(ctx, claimed, content.message)),
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
    return settleFailure(ctx, claimed, barrier.attemptId, bucket, seen, content.credentials);
  }
  await ctx.reached('after_answer');
  const { credential } = claimed.network.pace(content.credentials, claimed.community.place);
  await settle(ctx, claimed, barrier.attemptId, { ...sent, scope: credential.key });
  await ctx.reached('after_settle');
}

/** Milliseconds that a send may take: longer where files go out with it. */
function budgetOf(ctx: Context, claimed: Claimed, message: Message): number {
  const { sendText, sendMedia } = ctx.config.durations;
  const { network, community } = claimed;
  return message.media.length > 0 && !stagesAt(network, community.place) ? sendMedia : sendText;
}

/** By the database's clock, which every worker shares. */
async function isDue(ctx: Context, claimed: Claimed): Promise<boolean> {
  const [row] = await ctx.sql<{ due: boolean }[]>`select ${claimed.nextTryAt} <= clock_timestamp() as due`;
  return row?.due ?? false;
}
