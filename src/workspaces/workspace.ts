import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { newSealingKey, type SealingKey, seal, sealingKey, unseal } from '../crypto.ts';
import { AppError } from '../errors.ts';
import type { Tx } from '../stores/postgres.ts';
import { TimeZone } from '../timezone.ts';

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

const MetricsDays = v.pipe(
  v.number(),
  v.integer('Give whole days.'),
  v.minValue(1, 'Figures are kept for a day at least.'),
  v.maxValue(3_650, 'Figures are kept for 3650 days at most.'),
  v.description('Every single figure is kept so many days; what is summed up of them stays.'),
);

/** A workspace with what is chosen for it. */
export const WorkspaceSettingsSchema = v.pipe(
  v.strictObject({ ...WorkspaceSchema.entries, metrics_days: MetricsDays }),
  v.metadata({ ref: 'WorkspaceSettings' }),
);
export type WorkspaceSettings = v.InferOutput<typeof WorkspaceSettingsSchema>;

export const WorkspaceChange = v.strictObject({
  name: v.optional(
    v.pipe(
      v.string(),
      v.trim(),
      v.minLength(1, 'Give a name.'),
      v.maxLength(100, 'A name has 100 characters at most.'),
    ),
  ),
  timezone: v.optional(
    v.pipe(TimeZone, v.description('For communities that are connected later; those there are keep theirs.')),
  ),
  metrics_days: v.optional(MetricsDays),
});

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

/** The workspace that is asked in. Throws `not_found`. */
export function getWorkspace(ctx: Context, who: Who): Promise<WorkspaceSettings> {
  return asWorkspace(ctx, who, (tx) => read(tx, who));
}

/** Changes what is given. Fewer days erase older figures with the next night's sweep. Throws `not_found`. */
export function changeWorkspace(
  ctx: Context,
  who: Who,
  input: v.InferOutput<typeof WorkspaceChange>,
): Promise<WorkspaceSettings> {
  const { name = null, timezone = null, metrics_days = null } = input;
  return asWorkspace(ctx, who, async (tx) => {
    await tx`
      update workspaces
      set name = coalesce(${name}, name), timezone = coalesce(${timezone}, timezone),
          metrics_days = coalesce(${metrics_days}, metrics_days)
      where id = ${who.workspaceId}`;
    return read(tx, who);
  });
}

async function read(tx: Tx, who: Who): Promise<WorkspaceSettings> {
  const [row] = await tx<(Row & { metrics_days: number })[]>`
    select w.id, w.name, w.timezone, m.role, w.created_at, w.metrics_days
    from workspaces w join members m on m.workspace_id = w.id and m.user_id = ${who.userId}
    where w.id = ${who.workspaceId}`;
  if (!row) throw new AppError('not_found', 'There is no such workspace.');
  return { ...shown(row), metrics_days: row.metrics_days };
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
