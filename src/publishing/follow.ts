import type { Context } from '../context.ts';
import type { Tx } from '../stores/postgres.ts';
import { planJobs } from './plan.ts';

interface Published {
  workspace_id: string;
  network: string;
  remote_id: string | null;
  afterwards: {
    pin?: boolean | 'silent';
    deleteAfter?: number | null;
    comment?: { text: string; entities: unknown };
  } | null;
}

/**
 * What begins when a publication is public, in the commit that says so: the acts that its options ask for, the checks
 * that it still stands there, and the turn of the part after it. Answers when the next part is due; after the commit call
 * `ctx.planned.changed` with it.
 */
export async function followUp(ctx: Context, tx: Tx, id: string): Promise<Date | null> {
  const { driftChecks } = ctx.config.durations;
  const [published] = await tx<Published[]>`
    update publications
    set drift_check_at = case when remote_id is null then null
          else clock_timestamp() + ${driftChecks[0] ?? null} * interval '1 millisecond' end
    where id = ${id} and state = 'published' and drift_check_at is null
    returning workspace_id, network, remote_id, afterwards`;
  if (!published) return null;
  const { workspace_id, network, remote_id, afterwards } = published;
  if (remote_id !== null) await bindSeen(tx, id);
  if (remote_id !== null && afterwards) {
    const { pin, deleteAfter, comment } = afterwards;
    const acts = [
      ...(pin ? [{ kind: 'pin', wait: 0, payload: pin === 'silent' ? { silent: true } : {} }] : []),
      ...(comment ? [{ kind: 'comment', wait: 0, payload: comment }] : []),
      ...(deleteAfter ? [{ kind: 'delete', wait: deleteAfter, payload: {} }] : []),
    ].map((act) => ({ id: Bun.randomUUIDv7(), ...act }));
    await tx`
      insert into publication_acts (id, workspace_id, publication_id, network, kind, payload, due_at, next_try_at)
      select a.id, ${workspace_id}, ${id}, ${network}, a.kind, a.payload,
        clock_timestamp() + a.wait * interval '1 millisecond', clock_timestamp() + a.wait * interval '1 millisecond'
      from jsonb_to_recordset(${tx.json(acts as never)}) as a(id uuid, kind text, wait float8, payload jsonb)
      on conflict do nothing`;
    if (acts.some((act) => act.wait === 0)) {
      await ctx.queue.enqueue(tx, 'posts.act', [{ payload: {}, at: new Date() }]);
    }
  }
  return freeNextParts(ctx, tx, id);
}

/** Updates may tell of a post, and of where its comments are, before the answer to its send is written down. */
async function bindSeen(tx: Tx, id: string): Promise<void> {
  const seen = await tx<{ remote_id: string; thread: string | null }[]>`
    update observed_posts o set publication_id = p.id
    from publications p
    where p.id = ${id} and o.workspace_id = p.workspace_id and o.community_id = p.community_id
      and o.remote_id = any(p.remote_ids) and o.publication_id is null
    returning o.remote_id, o.thread`;
  for (const { remote_id, thread } of seen) {
    if (thread === null) continue;
    await tx`
      update publications set thread = coalesce(thread, ${thread}) where id = ${id} and remote_id = ${remote_id}`;
  }
}

/** The turn of a part comes when the one before it is public. `id`: of that one; null: wherever it was missed. */
export async function freeNextParts(ctx: Context, tx: Tx, id: string | null): Promise<Date | null> {
  const { lateInOrder, latePaced } = ctx.config.durations;
  const freed = await tx<{ id: string }[]>`
    update publications n
    set state = 'scheduled', hold_reason = null, note = 'its turn', due_at = clock_timestamp(),
        next_try_at = clock_timestamp(),
        late_at = clock_timestamp()
          + case when posts.time_sensitive then ${lateInOrder}::float8 else ${latePaced}::float8 end * interval '1 millisecond',
        queued_for = null, slot_at = null, slot_key = null
    from posts
    where posts.id = n.post_id and n.state = 'held' and n.id in (${
      id === null
        ? // Nothing is public before its time: the plan of the months ahead is not looked at.
          tx`
          select w.id from publications w
          where w.state = 'held' and w.hold_reason = 'previous_part' and w.due_at <= statement_timestamp() and exists (
            select from publications p where p.post_id = w.post_id and p.community_id = w.community_id
              and p.part = w.part - 1 and p.state = 'published')
          order by w.id limit 1000 for update of w skip locked`
        : tx`
          select w.id from publications p join publications w on w.post_id = p.post_id
            and w.community_id = p.community_id and w.part = p.part + 1
          where p.id = ${id} and p.state = 'published' and w.state = 'held' and w.hold_reason = 'previous_part'
          for update of w`
    })
    returning n.id`;
  return planJobs(
    ctx,
    tx,
    freed.map((row) => row.id),
  );
}
