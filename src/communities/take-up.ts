import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { readImage } from '../media/image.ts';
import { ifIdle } from '../media/turn.ts';
import type { Json } from '../networks/message.ts';
import type { Connection, Network } from '../networks/network.ts';
import type { Tx } from '../stores/postgres.ts';
import type { Settings } from './ask.ts';
import { wholeCapabilities } from './capability.ts';
import { type Community, type CommunityRow, notThere, read } from './community.ts';
import { sealCredentials } from './credential.ts';
import { type Finding, type KeptWarning, lostRights, warningsOf } from './warning.ts';

export type Workspace = Pick<Who, 'workspaceId'>;

/** A community as an act on its connection finds it. */
export interface Kept {
  id: string;
  status: string;
  network: string;
  external_id: string;
  avatar_key: string | null;
  settings: Settings;
  capabilities: CommunityRow['capabilities'];
  details: Settings;
  warnings: KeptWarning[];
  /** Of its credentials; null: it has none. */
  version: number | null;
  /** What of them rotates; null: nothing. */
  grant_id: string | null;
}

/** Credentials to be sealed with a community, and the grant that holds what of them rotates. */
export interface Given {
  credentials: unknown;
  grantId: string | null;
}

export async function find(tx: Tx, who: Workspace, id: string): Promise<Kept> {
  const [row] = await tx<Kept[]>`
    select c.id, c.status, c.network, c.external_id, c.avatar_key, c.settings, c.capabilities, c.details,
      c.warnings, k.version, k.grant_id
    from communities c left join credentials k on k.workspace_id = c.workspace_id and k.community_id = c.id
    where c.workspace_id = ${who.workspaceId} and c.id = ${id}`;
  if (!row) throw notThere();
  return row;
}

/** First of all in a transaction that changes a connection: the barrier of a send shares this lock. */
export async function lock(tx: Tx, who: Workspace, id: string): Promise<Kept> {
  await tx`select 1 as one from communities where workspace_id = ${who.workspaceId} and id = ${id} for update`;
  return find(tx, who, id);
}

/** The community at that place of the network, connected or not, locked. */
export async function lockAt(
  tx: Tx,
  who: Workspace,
  network: Network,
  externalId: string,
): Promise<Kept | null> {
  const [there] = await tx<{ id: string }[]>`
    select id from communities
    where workspace_id = ${who.workspaceId} and network = ${network.name} and external_id = ${externalId}`;
  return there ? lock(tx, who, there.id) : null;
}

export async function insert(
  ctx: Context,
  tx: Tx,
  who: Workspace,
  network: Network,
  connection: Connection,
): Promise<Kept> {
  const id = Bun.randomUUIDv7();
  // The daily check of each has a moment of its own.
  await tx`
    insert into communities
      (id, workspace_id, network, external_id, title, timezone, capabilities, details, health_at)
    select ${id}, w.id, ${network.name}, ${connection.externalId}, ${connection.title}, w.timezone, '{}', '{}',
      now() + (abs(hashtext(${id})::bigint) % 1000) / 1000.0 * ${ctx.config.durations.health} * interval '1 millisecond'
    from workspaces w where w.id = ${who.workspaceId}`;
  return find(tx, who, id);
}

/**
 * Writes what the network told, with new credentials where some were given, and puts back on the plan what was held
 * for the lack of a connection. Answers the next moment of it.
 */
export async function takeUp(
  ctx: Context,
  tx: Tx,
  who: Workspace,
  input: {
    kept: Kept;
    network: Network;
    connection: Connection;
    avatar: string | null;
    /** null: those that are kept. */
    given: Given | null;
    timezone: string | undefined;
    settings: Settings;
    /** What the check found beside lost rights. */
    findings: readonly Finding[];
  },
): Promise<Date | null> {
  const { kept, network, connection, avatar, given } = input;
  const { id } = kept;
  const { externalId, title, handle, url, members, details } = connection;
  const capabilities = wholeCapabilities(connection.capabilities);
  const findings = [...lostRights(kept, capabilities), ...input.findings];
  await tx`
    update communities
    set external_id = ${externalId}, title = case when renamed then title else ${title} end, handle = ${handle},
        url = ${url}, members = ${members}, avatar_key = coalesce(${avatar}, avatar_key), timezone = coalesce(${input.timezone ?? null}, timezone),
        status = 'active', status_reason = null, capabilities = ${tx.json(plain(capabilities))},
        -- What updates have proved stands as long as the same account hears here.
        details = ${tx.json(plain(details))} || case
          when communities.details -> 'witness_source' is not distinct from ${tx.json(plain(details))} -> 'witness_source'
            and communities.details -> 'witness_proved' is not null
          then jsonb_build_object('witness_proved', communities.details -> 'witness_proved') else '{}' end,
        settings = ${tx.json(plain(input.settings))},
        warnings = ${tx.json(plainList(warningsOf(kept.warnings, findings)))}, checked_at = now(), disconnected_at = null,
        -- What could not be read back so far may be readable now.
        history_at = case when history_read_at is null then coalesce(history_at, now()) end
    where workspace_id = ${who.workspaceId} and id = ${id}`;
  if (given !== null) {
    const place = { workspaceId: who.workspaceId, communityId: id };
    await sealCredentials(ctx, tx, {
      ...place,
      ...given,
      network,
      externalId,
      hint: connection.credentialHint,
    });
    await ctx.queue.enqueue(tx, 'inbound.sources', [{ payload: {} }]);
  }
  await tx`
    update publications set hold_reason = 'late', note = 'due while the community was not connected', error = null
    where workspace_id = ${who.workspaceId} and community_id = ${id} and state = 'held'
      and hold_reason in ('disconnected', 'reauth') and due_at <= now()`;
  const back = await tx<{ due_at: Date }[]>`
    update publications
    set state = 'scheduled', hold_reason = null, next_try_at = due_at, queued_for = null, error = null,
        note = 'reconnected'
    where workspace_id = ${who.workspaceId} and community_id = ${id} and state = 'held'
      and hold_reason in ('disconnected', 'reauth')
    returning due_at`;
  return back.reduce<Date | null>((first, row) => (first && first < row.due_at ? first : row.due_at), null);
}

/** One transaction that takes a place up, with the picture kept before and the due timer told after. */
export async function taken(
  ctx: Context,
  who: Workspace,
  connection: Connection,
  act: (tx: Tx, avatar: string | null) => Promise<{ kept: Kept; at: Date | null }>,
): Promise<Community> {
  const avatar = await keepAvatar(ctx, who, connection);
  const done = await asWorkspace(ctx, who, async (tx) => {
    const { kept, at } = await act(tx, avatar);
    return { community: await read(ctx, tx, who.workspaceId, kept.id), at, replaced: kept.avatar_key };
  });
  if (done.at) ctx.planned.changed(done.at);
  if (done.replaced && avatar) await ctx.files.remove(done.replaced);
  return done.community;
}

/**
 * Keeps the picture of a community, made anew like any upload; one that cannot be read is left out, and while pictures
 * that somebody waits for are worked on, it is left to the next check. Its file comes before its row: what a crash or a
 * refusal leaves behind, the sweep of media removes.
 */
async function keepAvatar(ctx: Context, who: Workspace, { avatar }: Connection): Promise<string | null> {
  if (avatar === null) return null;
  try {
    const image = await ifIdle(() => readImage(avatar.bytes, ctx.config.durations.imageWork));
    if (image === null) return null;
    const key = `${who.workspaceId}/${Bun.randomUUIDv7()}.${image.extension}`;
    await ctx.files.write(key, image.bytes);
    return key;
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

/** As JSON stores it: a copy, so that the type of a network's own need not be a row's. */
export function plain(value: Readonly<Record<string, unknown>>): { [key: string]: Json } {
  return JSON.parse(JSON.stringify(value));
}

export function plainList(value: readonly unknown[]): Json[] {
  return JSON.parse(JSON.stringify(value));
}

export function alreadyConnected(connection: Connection): AppError {
  return new AppError('already_connected', `${connection.title} is connected to this workspace already.`);
}

export function disconnected(): AppError {
  return new AppError('wrong_state', 'This community is disconnected: connect it again.');
}
