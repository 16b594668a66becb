import { freshCredentials } from '../communities/renewal.ts';
import { asOwner, type Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';
import type { Json } from '../networks/message.ts';
import type { PaceRule, Target } from '../networks/network.ts';
import { messageOf, workerName } from '../publishing/claim.ts';
import { keptHandles } from '../publishing/handles.ts';
import { paceOf, takePace } from '../publishing/pace.ts';
import { accessTo, stagesAt } from '../publishing/stage.ts';
import type { ClaimedAct } from './claim.ts';
import { askPerson, type Failure, failAct, finishAct, laterAct, settleActFailure } from './settle.ts';

/** Carries one act on a published post. Never throws for what a network does. */
export async function carryAct(ctx: Context, act: ClaimedAct): Promise<void> {
  await ctx.reached('during_act');
  const { target, community } = act;
  if (target === null) {
    if (act.state === 'confirming') return askPerson(ctx, act);
    // Deleting what is gone is done; everything else has lost its object.
    return act.kind === 'delete'
      ? finishAct(ctx, act, { note: 'it was gone already' })
      : failAct(ctx, act, gone);
  }
  if (community.status !== 'active' || community.credentialVersion === null) return whileAway(ctx, act);
  let credentials: unknown;
  try {
    credentials = await freshCredentials(ctx, act);
  } catch (error) {
    if (error instanceof NetworkError && error.kind === 'limited') {
      return laterAct(ctx, act, error.retryAfter ?? ctx.config.durations.limitedFirst);
    }
    if (!(error instanceof AppError || error instanceof NetworkError)) throw error;
    return whileAway(ctx, act);
  }
  const rules = paceOf(ctx, act.network, credentials, community.place);
  const bucket = rules.credential;
  try {
    if (act.state === 'confirming') return await lookForComment(ctx, act, target, credentials, bucket);
    switch (act.kind) {
      case 'edit':
        return await edit(ctx, act, target, credentials, bucket);
      case 'comment':
        return await comment(ctx, act, target, credentials, rules.send);
      case 'delete': {
        const { remove } = act.network;
        if (!remove) return await failAct(ctx, act, unable(act));
        if (!(await turn(ctx, act, [bucket]))) return;
        await remove(access(ctx, act, credentials), community.place, target);
        return await finishAct(ctx, act, { removed: true });
      }
      case 'pin':
      case 'unpin': {
        const { pin } = act.network;
        if (!pin) return await failAct(ctx, act, unable(act));
        if (!(await turn(ctx, act, [bucket]))) return;
        const how = act.payload.silent ? 'silent' : true;
        await pin(access(ctx, act, credentials), community.place, target, act.kind === 'pin' && how);
        return await finishAct(ctx, act, { pinned: act.kind === 'pin' });
      }
    }
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    // What may be repeated is; only a comment has to be found out about.
    return settleActFailure(ctx, act, bucket, error);
  }
}

const gone: Failure = {
  kind: 'rejected',
  code: 'gone',
  message: 'The post is not at the network any more, or the network gave no id of it.',
  next_step: null,
};
const notConnected: Failure = {
  kind: 'auth',
  code: 'not_connected',
  message: 'The community is not connected.',
  next_step: 'Connect it again, then try this again.',
};

/** A community that is away may come back: its acts wait, but not for ever. What may be there is put to a person. */
function whileAway(ctx: Context, act: ClaimedAct): Promise<void> {
  const { actAway, actGiveUp } = ctx.config.durations;
  if (act.state === 'confirming') return askPerson(ctx, act);
  return Date.now() - act.dueAt.getTime() > actGiveUp
    ? failAct(ctx, act, notConnected)
    : laterAct(ctx, act, actAway, { note: 'waits for the community to be connected again' });
}

function unable(act: ClaimedAct): Failure {
  return {
    kind: 'rejected',
    code: 'not_possible',
    message: `${act.network.title} does not allow this.`,
    next_step: null,
  };
}

function access(
  ctx: Context,
  act: ClaimedAct,
  credentials: unknown,
  timeout = ctx.config.durations.sendText,
) {
  return accessTo(ctx, act, credentials, timeout);
}

/** Takes the permits of one call; false: it was put back until there are some. */
async function turn(ctx: Context, act: ClaimedAct, rules: readonly PaceRule[]): Promise<boolean> {
  const taken = await takePace(ctx.sql, rules, act.slot, ctx.config.durations.callPermit);
  // The permit that it waits for is its own: without it every turn would begin behind everybody else again.
  if ('slot' in taken) {
    await laterAct(ctx, act, Math.max(taken.slot.at.getTime() - Date.now(), 0), { slot: taken.slot });
    return false;
  }
  act.slot = null;
  if (taken.wait > 0) await Bun.sleep(taken.wait);
  return true;
}

async function edit(
  ctx: Context,
  act: ClaimedAct,
  target: Target,
  credentials: unknown,
  bucket: PaceRule,
): Promise<void> {
  const { network, community } = act;
  if (!network.edit) return failAct(ctx, act, unable(act));
  const message = await messageOf(ctx, ctx.sql, act);
  const [problem] = [
    ...network.compose(message, community.place).problems,
    ...(network.editProblems?.(target, message, community.place) ?? []),
  ];
  if (problem) {
    return failAct(ctx, act, {
      kind: 'rejected',
      code: problem.code,
      message: problem.message,
      next_step: 'Edit the post again.',
    });
  }
  const handles = await keptHandles(ctx, act.publicationId, message, bucket.key);
  for (const item of stagesAt(network, community.place) ? message.media : []) {
    if (handles.has(item.id) || !network.stage) continue;
    const calls = network.stageCalls ?? 1;
    if (!(await turn(ctx, act, [{ ...bucket, rate: bucket.rate / calls }]))) return;
    const staged = await network.stage(
      access(ctx, act, credentials, ctx.config.durations.stage),
      community.place,
      item,
    );
    await ctx.sql`
      insert into staged_media (workspace_id, publication_id, media_id, handle, expires_at)
      values (${act.workspaceId}, ${act.publicationId}, ${item.id}, ${staged.handle},
        ${staged.expiresAt === null ? null : new Date(staged.expiresAt)})
      on conflict (publication_id, media_id) do update
        set handle = excluded.handle, expires_at = excluded.expires_at, staged_at = now()`;
    handles.set(item.id, staged.handle);
  }
  if (!(await turn(ctx, act, [bucket]))) return;
  const { sendText, sendMedia } = ctx.config.durations;
  const timeout = message.media.length > 0 ? sendMedia : sendText;
  await network.edit(access(ctx, act, credentials, timeout), community.place, target, message, handles);
  await finishAct(ctx, act, { live: network.live(message, community.place), version: act.contentVersion });
}

/** A comment can be doubled: it has a barrier, and an unknown outcome is found out about. */
async function comment(
  ctx: Context,
  act: ClaimedAct,
  target: Target,
  credentials: unknown,
  rules: readonly PaceRule[],
): Promise<void> {
  const { network, community, payload } = act;
  const { threadWait, sendStart, sendText } = ctx.config.durations;
  if (!network.comment) return failAct(ctx, act, unable(act));
  const waiting = Date.now() - Math.max(act.dueAt.getTime(), act.publishedAt?.getTime() ?? 0) < threadWait;
  // Telegram tells by an update where comments go, a moment after the post.
  if (act.thread === null && community.place.details.linked_chat_id != null && waiting) {
    return laterAct(ctx, act, Math.min(threadWait / 10, 2_000), { slot: act.slot });
  }
  if (!(await turn(ctx, act, rules))) return;
  const over = sendStart + sendText;
  const moved = await asOwner(
    ctx,
    (tx) => tx`
      update publication_acts
      set state = 'sending', tries = tries + 1, sent_at = clock_timestamp(),
          over_at = clock_timestamp() + ${over} * interval '1 millisecond',
          lease_until = clock_timestamp() + ${ctx.config.durations.lease} * interval '1 millisecond'
      where id = ${act.id} and state = 'scheduled' and fence = ${act.fence} and lease_owner = ${workerName}
        and lease_until > clock_timestamp()
      returning id`,
  );
  if (moved.length === 0) return;
  const committedAt = performance.now();
  await ctx.reached('after_act_barrier');
  // Monotonic: a process that slept since the barrier must not send into a row that was taken over.
  if (performance.now() - committedAt > sendStart) {
    throw new NetworkError('not_sent', {
      code: 'too_late',
      message: 'The worker was stopped between barrier and send.',
    });
  }
  const sent = await network.comment(
    access(ctx, act, credentials),
    community.place,
    target,
    { text: payload.text ?? '', entities: payload.entities ?? [] },
    act.thread,
    act.id,
  );
  await ctx.reached('after_act_answer');
  await finishAct(ctx, act, { remoteId: sent.remoteId });
}

/** Reads whether a comment of unknown outcome is there. Two reads far enough apart must agree that it is not. */
async function lookForComment(
  ctx: Context,
  act: ClaimedAct,
  target: Target,
  credentials: unknown,
  bucket: PaceRule,
): Promise<void> {
  const { network, community, payload } = act;
  const { absentApart, lookUps } = ctx.config.durations;
  const readable = network.findComment !== undefined && community.place.capabilities.find.available;
  const over = act.overAt !== null && act.overAt.getTime() <= Date.now();
  if (!readable) {
    if (!over && act.overAt) return laterAct(ctx, act, act.overAt.getTime() - Date.now());
    return askPerson(ctx, act);
  }
  if (!(await turn(ctx, act, [bucket]))) return;
  const taken = await ctx.sql<{ remote_id: string }[]>`
    select remote_id from publication_acts
    where publication_id = ${act.publicationId} and kind = 'comment' and remote_id is not null`;
  const found = await network.findComment?.(access(ctx, act, credentials), community.place, target, {
    text: payload.text ?? '',
    entities: payload.entities ?? [],
    sentAt: act.sentAt?.getTime() ?? act.dueAt.getTime(),
    taken: new Set(taken.map((row) => row.remote_id)),
  });
  if (found?.kind === 'found')
    return finishAct(ctx, act, { remoteId: found.remoteId, note: 'found at the network' });
  const absentSince = over && found?.kind === 'absent' ? (act.firstAbsentAt ?? new Date()) : null;
  if (absentSince && Date.now() - absentSince.getTime() >= absentApart) {
    // Two that were lost without a trace are no accident.
    if (act.tries > 1) return askPerson(ctx, act);
    await move(ctx, act, {
      state: 'scheduled',
      next_try_at: new Date(),
      first_absent_at: null,
      note: 'the earlier one had no effect',
    });
    return;
  }
  if (found?.kind === 'ambiguous' || act.lookUps >= lookUps.length + 2) return askPerson(ctx, act);
  const wait = absentSince ? absentApart : (lookUps[act.lookUps] ?? absentApart);
  await move(ctx, act, {
    next_try_at: new Date(Date.now() + wait),
    first_absent_at: absentSince,
    look_ups: act.lookUps + 1,
  });
}

async function move(ctx: Context, act: ClaimedAct, to: Record<string, Json | Date>): Promise<void> {
  await ctx.sql`
    update publication_acts set ${ctx.sql({ ...to, lease_owner: null, lease_until: null } as never)}
    where id = ${act.id} and state = 'confirming' and fence = ${act.fence}`;
}
