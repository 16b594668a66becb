import { botSeenIn, redeemCode } from '../communities/invitation.ts';
import { topicSeen } from '../communities/listening.ts';
import type { Context } from '../context.ts';
import type { InboundEvent } from '../networks/inbound.ts';
import type { Tx } from '../stores/postgres.ts';
import { commentSeen, type Ear, postEdited, postSeen, reactionsSeen, threadSeen } from './sight.ts';

type Standing = Extract<InboundEvent, { kind: 'standing' }>;

/** What is to be done once the effects are committed. */
export interface After {
  /** The next moment of the plan; null: nothing came near. */
  due: Date | null;
  /** What the account says to a person who has written to it. */
  replies: { personId: string; text: string }[];
}

/** Does what one event asks for, in the transaction that counts its update as taken. */
export async function apply(
  ctx: Context,
  tx: Tx,
  ear: Ear,
  event: InboundEvent,
  after: After,
): Promise<void> {
  switch (event.kind) {
    case 'post': {
      const due = await postSeen(ctx, tx, ear, event);
      if (due && (after.due === null || due < after.due)) after.due = due;
      return;
    }
    case 'post_edited':
      return postEdited(ctx, tx, ear, event);
    case 'reactions':
      return reactionsSeen(tx, ear, event);
    case 'comment':
      return commentSeen(tx, ear, event);
    case 'thread':
      return threadSeen(tx, ear, event);
    case 'standing':
      return standingSeen(ctx, tx, ear, event);
    case 'code': {
      const { code, person } = event;
      const told = await redeemCode(ctx, { network: ear.network, botId: botIdOf(ear), code, person }, tx);
      after.replies.push({ personId: person.id, text: told.reply });
      return;
    }
    case 'topic': {
      const { place: chatId, topicId, name } = event;
      return topicSeen(ctx, { network: ear.network, botId: botIdOf(ear), chatId, topicId, name }, tx);
    }
  }
}

/** `telegram:bot:<id>`. */
function botIdOf({ key }: Ear): string {
  return key.slice(key.lastIndexOf(':') + 1);
}

/**
 * The account got other rights at a place. Without the right to post its communities wait for it: what is planned is held
 * by the machine when its time comes. With it they are asked about, which takes up what was held.
 */
async function standingSeen(ctx: Context, tx: Tx, ear: Ear, event: Standing): Promise<void> {
  const { place, status, mayPost, chat, by } = event;
  if (chat !== null) {
    await botSeenIn(
      ctx,
      { network: ear.network, botId: botIdOf(ear), chat: { id: place, ...chat }, status, byPerson: by },
      tx,
    );
  }
  if (mayPost === false) {
    const what = chat?.type === 'channel' ? 'channel' : 'group';
    const gone = status === 'left' || status === 'kicked';
    const why = gone
      ? `The bot was removed from this ${what}. Add it again with the right to post: Outpost notices that by itself.`
      : `The bot may not post in this ${what} any more. Give it that right again: Outpost notices that by itself.`;
    await tx`
      update communities set status = 'needs_reauth', status_reason = ${why}
      where id in (
        select c.id from communities c
        join credentials k on k.community_id = c.id and k.workspace_id = c.workspace_id and k.source_key = ${ear.key}
        where c.network = ${ear.network} and c.external_id = ${place} and c.status = 'active'
        order by c.id for update of c)`;
  }
  // Those that hear by this account without posting with it, or have their comments there, may have lost or got an ability.
  const checked = await tx<{ workspace_id: string; community_id: string }[]>`
    select c.workspace_id, c.id as community_id from communities c
    join credentials k on k.community_id = c.id and k.workspace_id = c.workspace_id
    where c.network = ${ear.network} and (
      (c.external_id = ${place} and c.details ->> 'witness_source' = ${ear.key} and c.status = 'active')
      or (c.details ->> 'linked_chat_id' = ${place} and k.source_key = ${ear.key} and c.status = 'active')
      or (c.external_id = ${place} and k.source_key = ${ear.key} and (
        (${mayPost}::boolean is null and c.status = 'active')
        or (coalesce(${mayPost}::boolean, true) and c.status = 'needs_reauth'))))
    order by c.id`;
  await ctx.queue.enqueue(
    tx,
    'inbound.check',
    checked.map((row) => ({ payload: row })),
  );
}
