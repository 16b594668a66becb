import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError, invalid } from '../errors.ts';
import { networkNamed } from '../networks/index.ts';
import { isUniqueViolation, type Tx } from '../stores/postgres.ts';
import type { FormattedText } from '../text/formatted.ts';
import { requestKeyOf } from './request.ts';
import type { Act } from './show.ts';

interface ActRow extends Omit<Act, 'due_at' | 'decided_at' | 'actions'> {
  due_at: Date;
  decided_at: Date | null;
  leased: boolean;
}

const columns = (tx: Tx) => tx`
  a.id, a.publication_id, a.kind, a.state, a.due_at, a.decided_at, a.payload ->> 'text' as text, a.remote_id, a.tries, a.note,
  a.error, coalesce(a.lease_until > statement_timestamp(), false) as leased`;

const actionsOf: Record<Act['state'], Act['actions']> = {
  scheduled: ['cancel'],
  sending: [],
  confirming: [],
  unconfirmed: ['confirm', 'absent', 'discard'],
  done: [],
  failed: ['retry', 'discard'],
  cancelled: [],
};

/** An act as the API shows it. */
export function showAct(row: ActRow): Act {
  const { leased, due_at, decided_at, ...rest } = row;
  return {
    ...rest,
    due_at: due_at.toISOString(),
    decided_at: decided_at?.toISOString() ?? null,
    actions: leased ? [] : actionsOf[row.state],
  };
}

/** What was, is or will be done with these publications, oldest first. */
export async function actsOf(
  tx: Tx,
  workspaceId: string,
  publicationIds: readonly string[],
): Promise<ActRow[]> {
  const rows = await tx<ActRow[]>`
    select ${columns(tx)} from publication_acts a
    where a.workspace_id = ${workspaceId} and a.publication_id = any(${publicationIds as string[]}::uuid[])
    order by a.created_at, a.id`;
  return [...rows];
}

/**
 * Plans something to be done with a published post, now or at `at`. A second wish of the same kind joins the first;
 * comments are apart, but for one whose request is repeated. Throws `not_found`, `wrong_state`, `invalid`.
 */
export async function planAct(
  ctx: Context,
  who: Who,
  publicationId: string,
  wish: { kind: 'delete' | 'pin' | 'unpin' } | { kind: 'comment'; comment: FormattedText },
  idempotencyKey: string | null = null,
): Promise<Act> {
  const requestKey = wish.kind === 'comment' ? requestKeyOf(who, idempotencyKey) : null;
  return asWorkspace(ctx, who, async (tx) => {
    const [row] = await tx<
      {
        network: string;
        state: string;
        remote_id: string | null;
        removed_at: Date | null;
        comments: { available: boolean; detail: string } | null;
      }[]
    >`
      select p.network, p.state, p.remote_id, p.removed_at, c.capabilities -> 'comments' as comments
      from publications p join communities c on c.id = p.community_id
      where p.id = ${publicationId} and p.workspace_id = ${who.workspaceId} for update of p`;
    if (!row) throw new AppError('not_found', 'There is no such publication.');
    if (requestKey !== null) {
      const [kept] = await tx<{ id: string }[]>`
        select id from publication_acts
        where publication_id = ${publicationId} and workspace_id = ${who.workspaceId} and request_key = ${requestKey}
          and created_at > clock_timestamp() - ${ctx.config.durations.idempotency} * interval '1 millisecond'`;
      if (kept) return one(tx, who, kept.id);
    }
    refuse(row, wish.kind);
    if (wish.kind === 'comment' && row.comments && !row.comments.available) {
      throw new AppError('wrong_state', row.comments.detail);
    }
    if (wish.kind === 'comment' && wish.comment.text.trim() === '') {
      throw invalid({ path: '/text', message: 'Write what the comment says.' });
    }
    const payload = wish.kind === 'comment' ? { ...wish.comment } : {};
    // A pin takes the place of an unpin that has not begun, and the other way round.
    if (wish.kind === 'pin' || wish.kind === 'unpin') {
      await tx`
        update publication_acts set state = 'cancelled', note = 'the opposite was asked for', decided_at = clock_timestamp()
        where publication_id = ${publicationId} and kind = ${wish.kind === 'pin' ? 'unpin' : 'pin'} and state = 'scheduled'
          and (lease_until is null or lease_until < statement_timestamp())`;
    }
    const [act] = await tx<{ id: string }[]>`
      insert into publication_acts (id, workspace_id, publication_id, network, kind, payload, due_at, next_try_at, created_by,
        request_key)
      values (${Bun.randomUUIDv7()}, ${who.workspaceId}, ${publicationId}, ${row.network}, ${wish.kind},
        ${tx.json(payload as never)}, clock_timestamp(), clock_timestamp(), ${who.userId}, ${requestKey})
      on conflict (publication_id, kind) where kind <> 'comment' and state in ('scheduled', 'sending', 'confirming')
        do update set due_at = least(publication_acts.due_at, excluded.due_at), next_try_at = excluded.next_try_at
      returning id`;
    await ctx.queue.enqueue(tx, 'posts.act', [{ payload: {}, at: new Date() }]);
    return one(tx, who, act?.id ?? '');
  });
}

function refuse(
  row: { network: string; state: string; remote_id: string | null; removed_at: Date | null },
  kind: 'delete' | 'pin' | 'unpin' | 'comment',
): void {
  const network = networkNamed(row.network);
  if (row.state === 'sending' || row.state === 'confirming') {
    throw new AppError('publication_in_flight', `This publication is ${row.state}: wait for its outcome.`);
  }
  if (row.state !== 'published') {
    throw new AppError(
      'wrong_state',
      `This publication is ${row.state}: there is nothing at the network yet.`,
    );
  }
  if (row.removed_at !== null) throw new AppError('wrong_state', 'The post is not at the network any more.');
  if (row.remote_id === null) {
    throw new AppError('wrong_state', 'The network gave no id of this post: do it there.');
  }
  const able = { delete: network.remove, pin: network.pin, unpin: network.pin, comment: network.comment }[
    kind
  ];
  if (able === undefined) throw new AppError('wrong_state', `${network.title} does not allow this.`);
}

/** One act. Throws `not_found`. */
export function getAct(ctx: Context, who: Who, id: string): Promise<Act> {
  return asWorkspace(ctx, who, (tx) => one(tx, who, id));
}

async function one(tx: Tx, who: Who, id: string): Promise<Act> {
  const [row] = await tx<ActRow[]>`
    select ${columns(tx)} from publication_acts a where a.id = ${id} and a.workspace_id = ${who.workspaceId}`;
  if (!row) throw new AppError('not_found', 'There is no such act.');
  return showAct(row);
}

/** `cancel`: before it began. `retry`: after a failure. The others answer an unconfirmed comment. */
export type Decision = 'cancel' | 'retry' | 'confirm' | 'absent' | 'discard';

const decisions: Record<Decision, { from: readonly Act['state'][]; to: Act['state']; note: string }> = {
  cancel: { from: ['scheduled'], to: 'cancelled', note: 'cancelled by a person' },
  retry: { from: ['failed'], to: 'scheduled', note: 'tried again by a person' },
  confirm: { from: ['unconfirmed'], to: 'done', note: 'a person looked: it is there' },
  absent: { from: ['unconfirmed'], to: 'scheduled', note: 'a person looked: not there' },
  discard: { from: ['unconfirmed', 'failed'], to: 'cancelled', note: 'discarded by a person' },
};

/** What a person decides about an act. Throws `not_found`, `wrong_state`, `publication_in_flight`. */
export async function decideAct(ctx: Context, who: Who, id: string, decision: Decision): Promise<Act> {
  return asWorkspace(ctx, who, async (tx) => {
    await tx`select from publication_acts where id = ${id} and workspace_id = ${who.workspaceId} for update`;
    const before = await one(tx, who, id);
    const { from, to, note } = decisions[decision];
    if (!from.includes(before.state)) {
      throw new AppError(
        'wrong_state',
        `An act that is ${before.state} cannot be answered with ${decision}.`,
      );
    }
    if (before.state === 'scheduled' && before.actions.length === 0) {
      throw new AppError('publication_in_flight', 'It is being done this very moment.');
    }
    const again = to === 'scheduled';
    await tx`
      update publication_acts
      set state = ${to}, note = ${note}, fence = fence + 1, lease_owner = null, lease_until = null, tries = 0, look_ups = 0,
          first_absent_at = null, error = null, decided_at = ${again ? null : new Date()},
          next_try_at = clock_timestamp()
      where id = ${id}`;
    if (again) await ctx.queue.enqueue(tx, 'posts.act', [{ payload: {}, at: new Date() }]);
    return one(tx, who, id);
  }).catch((error: unknown) => {
    if (!isUniqueViolation(error, 'publication_acts_one')) throw error;
    throw new AppError('wrong_state', 'The same is planned already.');
  });
}
