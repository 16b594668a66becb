import type * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { readImage } from '../media/image.ts';
import { networkNamed } from '../networks/index.ts';
import { type Connection, type Json, type Network, NetworkError } from '../networks/network.ts';
import { isUniqueViolation, type Tx } from '../stores/postgres.ts';
import { type Community, type CommunityChange, notThere, read, renameCommunity } from './community.ts';
import { openCredentials, parseCredentials, sealCredentials } from './credential.ts';

interface Kept {
  id: string;
  status: string;
  network: string;
  external_id: string;
  avatar_key: string | null;
  version: number | null;
}

/**
 * Connects a place of a network, after asking it with the given credentials. A place that was disconnected, or whose
 * credential died, is taken up again with its history and its plan.
 * Throws `invalid`, `network_refused`, `too_many_requests`, `network_unreachable`, `already_connected`.
 */
export async function connectCommunity(
  ctx: Context,
  who: Who,
  input: { network: string; credentials: unknown; external_id: string; timezone?: string | undefined },
): Promise<Community> {
  const network = networkNamed(input.network);
  const credentials = parseCredentials(network, input.credentials);
  const connection = await ask(ctx, network, credentials, input.external_id).catch((error: unknown) => {
    throw refusal(ctx, error, '/external_id');
  });
  const avatar = await keepAvatar(ctx, who, connection);
  const done = await asWorkspace(ctx, who, async (tx) => {
    const [there] = await tx<{ id: string }[]>`
      select id from communities
      where workspace_id = ${who.workspaceId} and network = ${network.name} and external_id = ${connection.externalId}`;
    const kept = there ? await lock(tx, who, there.id) : null;
    if (kept?.status === 'active') throw alreadyConnected(connection);
    const id = kept?.id ?? (await insert(tx, who, network, connection));
    const at = await takeUp(ctx, tx, who, { id, connection, avatar, credentials, timezone: input.timezone });
    return { community: await read(ctx, tx, who.workspaceId, id), at, replaced: kept?.avatar_key ?? null };
  }).catch((error: unknown) => {
    // Two requests for one new place: the other was first.
    throw isUniqueViolation(error) ? alreadyConnected(connection) : error;
  });
  return finish(ctx, done, avatar);
}

/**
 * Gives a community new credentials, which must lead to the same place; also a way back from `needs_reauth`.
 * Throws `not_found`, `invalid`, and what the network refuses.
 */
export async function replaceCredentials(
  ctx: Context,
  who: Who,
  input: { id: string; credentials: unknown },
): Promise<Community> {
  const before = await asWorkspace(ctx, who, (tx) => find(tx, who, input.id));
  const network = networkNamed(before.network);
  const credentials = parseCredentials(network, input.credentials);
  const connection = await ask(ctx, network, credentials, before.external_id).catch((error: unknown) => {
    throw refusal(ctx, error, '/credentials');
  });
  if (connection.externalId !== before.external_id) {
    const message = 'These credentials lead to another place: connect that as a community of its own.';
    throw new AppError('invalid', message, { errors: [{ path: '/credentials', message }] });
  }
  const avatar = await keepAvatar(ctx, who, connection);
  const done = await asWorkspace(ctx, who, async (tx) => {
    const kept = await lock(tx, who, input.id);
    const at = await takeUp(ctx, tx, who, {
      id: kept.id,
      connection,
      avatar,
      credentials,
      timezone: undefined,
    });
    return { community: await read(ctx, tx, who.workspaceId, kept.id), at, replaced: kept.avatar_key };
  });
  return finish(ctx, done, avatar);
}

/** Changes what is given: new credentials first, since the network may refuse them and then nothing is changed. */
export async function changeCommunity(
  ctx: Context,
  who: Who,
  input: { id: string } & v.InferOutput<typeof CommunityChange>,
): Promise<Community> {
  const { id, credentials } = input;
  if (credentials !== undefined) await replaceCredentials(ctx, who, { id, credentials });
  return renameCommunity(ctx, who, input);
}

/**
 * Asks the network again with the kept credential and keeps what it tells. A dead credential is no error: the
 * community then needs to be connected again, and says why. Throws `not_found`, `wrong_state` when it is disconnected,
 * `conflict` when it changed meanwhile, and what the network refuses.
 */
export async function checkCommunity(ctx: Context, who: Who, id: string): Promise<Community> {
  const { before, credentials } = await asWorkspace(ctx, who, async (tx) => {
    const found = await find(tx, who, id);
    if (found.status === 'disconnected') throw disconnected();
    const place = { workspaceId: who.workspaceId, communityId: id };
    return { before: found, credentials: await openCredentials(ctx, tx, place) };
  });
  const network = networkNamed(before.network);
  const unchanged = async (tx: Tx): Promise<Kept> => {
    const kept = await lock(tx, who, id);
    if (kept.status === 'disconnected') throw disconnected();
    if (kept.version !== before.version) {
      throw new AppError('conflict', 'The community got new credentials meanwhile: check it again.');
    }
    return kept;
  };

  let connection: Connection;
  try {
    connection = await ask(ctx, network, credentials, before.external_id);
  } catch (error) {
    if (!(error instanceof NetworkError) || error.kind !== 'auth') throw refusal(ctx, error, '');
    return asWorkspace(ctx, who, async (tx) => {
      await unchanged(tx);
      await tx`
        update communities set status = 'needs_reauth', status_reason = ${wordsOf(error)}, checked_at = now()
        where workspace_id = ${who.workspaceId} and id = ${id}`;
      return read(ctx, tx, who.workspaceId, id);
    });
  }
  const avatar = await keepAvatar(ctx, who, connection);
  const done = await asWorkspace(ctx, who, async (tx) => {
    const kept = await unchanged(tx);
    const at = await takeUp(ctx, tx, who, { id, connection, avatar, credentials: null, timezone: undefined });
    return { community: await read(ctx, tx, who.workspaceId, id), at, replaced: kept.avatar_key };
  }).catch((error: unknown) => {
    // It moved to an id at which the workspace has a community already.
    throw isUniqueViolation(error) ? alreadyConnected(connection) : error;
  });
  return finish(ctx, done, avatar);
}

/** Outside of any transaction: a network may take its time. Follows a place that moved, once. */
async function ask(
  ctx: Context,
  network: Network,
  credentials: unknown,
  externalId: string,
): Promise<Connection> {
  const root = ctx.config.roots[network.name];
  if (root === undefined) throw new Error(`no API root for ${network.name}`);
  const { ask: timeout, connect } = ctx.config.durations;
  const access = { credentials, root, timeout, connect, signal: AbortSignal.timeout(timeout) };
  try {
    return await network.connect(access, externalId);
  } catch (error) {
    if (error instanceof NetworkError && error.kind === 'rejected' && error.movedTo !== null) {
      return network.connect(access, error.movedTo);
    }
    throw error;
  }
}

/** What the asker is told of a network's error; anything else is passed on as it is. */
function refusal(ctx: Context, error: unknown, path: string): unknown {
  if (!(error instanceof NetworkError)) return error;
  const message = wordsOf(error);
  switch (error.kind) {
    case 'rejected':
      return new AppError('network_refused', message, { errors: [{ path, message }], cause: error });
    case 'auth':
      return new AppError('network_refused', message, {
        errors: [{ path: '/credentials', message }],
        cause: error,
      });
    case 'limited': {
      const wait = error.retryAfter ?? ctx.config.durations.limitedFirst;
      return new AppError('too_many_requests', message, {
        retryAfter: Math.ceil(wait / 1_000),
        cause: error,
      });
    }
    case 'not_sent':
    case 'unknown':
      return new AppError('network_unreachable', `${message} Nothing was changed: try again in a while.`, {
        cause: error,
      });
  }
}

function wordsOf(error: NetworkError): string {
  return error.nextStep === null ? error.message : `${error.message} ${error.nextStep}`;
}

async function find(tx: Tx, who: Who, id: string): Promise<Kept> {
  const [row] = await tx<Kept[]>`
    select c.id, c.status, c.network, c.external_id, c.avatar_key, k.version
    from communities c left join credentials k on k.workspace_id = c.workspace_id and k.community_id = c.id
    where c.workspace_id = ${who.workspaceId} and c.id = ${id}`;
  if (!row) throw notThere();
  return row;
}

/** First of all in a transaction that changes a connection: the barrier of a send shares this lock. */
async function lock(tx: Tx, who: Who, id: string): Promise<Kept> {
  await tx`select 1 as one from communities where workspace_id = ${who.workspaceId} and id = ${id} for update`;
  return find(tx, who, id);
}

async function insert(tx: Tx, who: Who, network: Network, connection: Connection): Promise<string> {
  const id = Bun.randomUUIDv7();
  await tx`
    insert into communities (id, workspace_id, network, external_id, title, timezone, capabilities, details)
    select ${id}, w.id, ${network.name}, ${connection.externalId}, ${connection.title}, w.timezone, '{}', '{}'
    from workspaces w where w.id = ${who.workspaceId}`;
  return id;
}

/**
 * Writes what the network told, with new credentials where some were given, and puts back on the plan what was held
 * for the lack of a connection. Answers the next moment of it.
 */
async function takeUp(
  ctx: Context,
  tx: Tx,
  who: Who,
  input: {
    id: string;
    connection: Connection;
    avatar: string | null;
    /** null: those that are kept. */
    credentials: unknown;
    timezone: string | undefined;
  },
): Promise<Date | null> {
  const { id, connection, avatar, credentials } = input;
  const { externalId, title, handle, url, members, capabilities, details } = connection;
  await tx`
    update communities
    set external_id = ${externalId}, title = case when renamed then title else ${title} end, handle = ${handle},
        url = ${url}, members = ${members}, avatar_key = coalesce(${avatar}, avatar_key), timezone = coalesce(${input.timezone ?? null}, timezone),
        status = 'active', status_reason = null, capabilities = ${tx.json(plain(capabilities))},
        details = ${tx.json(plain(details))}, checked_at = now(), disconnected_at = null
    where workspace_id = ${who.workspaceId} and id = ${id}`;
  if (credentials !== null) {
    const place = { workspaceId: who.workspaceId, communityId: id };
    await sealCredentials(ctx, tx, { ...place, credentials, hint: connection.credentialHint });
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

/** As JSON stores it: a copy, so that the type of a network's own need not be a row's. */
function plain(value: Readonly<Record<string, unknown>>): { [key: string]: Json } {
  return JSON.parse(JSON.stringify(value));
}

/** After the commit: tells the due timer, and lets go of the picture before. */
async function finish(
  ctx: Context,
  done: { community: Community; at: Date | null; replaced: string | null },
  avatar: string | null,
): Promise<Community> {
  if (done.at) ctx.planned.changed(done.at);
  if (done.replaced && avatar) await ctx.files.remove(done.replaced);
  return done.community;
}

/**
 * Keeps the picture of a community, made anew like any upload; one that cannot be read is left out. Its file comes
 * before its row: what a crash or a refusal leaves behind, the sweep of media removes.
 */
async function keepAvatar(ctx: Context, who: Who, connection: Connection): Promise<string | null> {
  if (connection.avatar === null) return null;
  try {
    const image = await readImage(connection.avatar.bytes, ctx.config.durations.imageWork);
    const key = `${who.workspaceId}/${Bun.randomUUIDv7()}.${image.extension}`;
    await ctx.files.write(key, image.bytes);
    return key;
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

function alreadyConnected(connection: Connection): AppError {
  return new AppError('already_connected', `${connection.title} is connected to this workspace already.`);
}

function disconnected(): AppError {
  return new AppError('wrong_state', 'This community is disconnected: connect it again.');
}
