import * as v from 'valibot';
import type { Context } from '../context.ts';
import { newSealingKey, type SealingKey, seal, sealingKey, unseal } from '../crypto.ts';
import { AppError } from '../errors.ts';
import type { Tx } from '../stores/postgres.ts';

export const WorkspaceSchema = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.uuid()),
    name: v.string(),
    timezone: v.string(),
    role: v.picklist(['owner']),
    created_at: v.pipe(v.string(), v.isoTimestamp()),
  }),
  v.metadata({ ref: 'Workspace' }),
);

export type Workspace = v.InferOutput<typeof WorkspaceSchema>;

interface Row {
  id: string;
  name: string;
  timezone: string;
  role: 'owner';
  created_at: Date;
}

/** Makes a workspace with a fresh data key, wrapped by the master key, and its owner's membership. */
export async function createWorkspace(
  ctx: Pick<Context, 'masterKey'>,
  tx: Tx,
  input: { ownerId: string; name: string; timezone: string },
): Promise<Workspace> {
  const id = Bun.randomUUIDv7();
  const sealed = seal(ctx.masterKey, newSealingKey().bytes, placeOf(id));
  const [row] = await tx<{ created_at: Date }[]>`
    with made as (
      insert into workspaces (id, name, timezone, data_key)
      values (${id}, ${input.name}, ${input.timezone}, ${sealed})
      returning id, created_at
    ), joined as (
      insert into members (workspace_id, user_id, role) select id, ${input.ownerId}, 'owner' from made
    )
    select created_at from made`;
  if (!row) throw new Error('a workspace was not made');
  return shown({ id, name: input.name, timezone: input.timezone, role: 'owner', created_at: row.created_at });
}

/** The workspaces of a person, the first joined first. */
export async function workspacesOf(ctx: Pick<Context, 'sql'>, userId: string): Promise<Workspace[]> {
  const rows = await ctx.sql<Row[]>`
    select w.id, w.name, w.timezone, m.role, w.created_at
    from members m join workspaces w on w.id = m.workspace_id
    where m.user_id = ${userId}
    order by m.created_at, w.id`;
  return rows.map(shown);
}

/** The workspace that a session without `Outpost-Workspace` works in. */
export async function firstWorkspace(ctx: Pick<Context, 'sql'>, userId: string): Promise<string | null> {
  const [row] = await ctx.sql<{ workspace_id: string }[]>`
    select workspace_id from members where user_id = ${userId} order by created_at, workspace_id limit 1`;
  return row?.workspace_id ?? null;
}

/** False as well for what is no id at all. */
export async function isMember(
  ctx: Pick<Context, 'sql'>,
  workspaceId: string,
  userId: string,
): Promise<boolean> {
  if (!v.is(v.pipe(v.string(), v.uuid()), workspaceId)) return false;
  const [row] = await ctx.sql`
    select 1 as one from members where workspace_id = ${workspaceId} and user_id = ${userId}`;
  return row !== undefined;
}

/** Unwrapped keys by workspace, per installation (master key). A data key never changes, so nothing goes stale. */
const unwrapped = new WeakMap<SealingKey, Map<string, SealingKey>>();
const unwrappedMost = 1_000;

/**
 * The key that seals a workspace's secrets. `tx` may be of the owner or of that workspace.
 * Throws `not_found` when the workspace is gone, a plain error when the master key is another.
 */
export async function dataKey(
  ctx: Pick<Context, 'masterKey'>,
  tx: Tx,
  workspaceId: string,
): Promise<SealingKey> {
  let keys = unwrapped.get(ctx.masterKey);
  if (!keys) {
    keys = new Map();
    unwrapped.set(ctx.masterKey, keys);
  }
  const kept = keys.get(workspaceId);
  if (kept) return kept;
  const [row] = await tx<
    { data_key: Uint8Array }[]
  >`select data_key from workspaces where id = ${workspaceId}`;
  if (!row) throw new AppError('not_found', 'There is no such workspace.');
  const key = sealingKey(unseal(ctx.masterKey, row.data_key, placeOf(workspaceId)));
  if (keys.size >= unwrappedMost) keys.clear();
  keys.set(workspaceId, key);
  return key;
}

function placeOf(workspaceId: string): string {
  return `workspaces|data_key|${workspaceId}`;
}

function shown(row: Row): Workspace {
  return {
    id: row.id,
    name: row.name,
    timezone: row.timezone,
    role: row.role,
    created_at: row.created_at.toISOString(),
  };
}
