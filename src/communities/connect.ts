import type * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError, invalid } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';
import { networkNamed } from '../networks/index.ts';
import type { Connection, Network } from '../networks/network.ts';
import { isUniqueViolation } from '../stores/postgres.ts';
import { accessTo, ask, parseSettings, refusal, type Settings } from './ask.ts';
import { checkCommunity } from './check.ts';
import { type Community, type CommunityChange, keepSettings, renameCommunity } from './community.ts';
import { type Usable, useConnection } from './connection.ts';
import { openCredentials, parseCredentials, partsOf, refuseRotating } from './credential.ts';
import { freshCredentials } from './renewal.ts';
import {
  alreadyConnected,
  disconnected,
  find,
  type Given,
  insert,
  type Kept,
  lock,
  lockAt,
  taken,
  takeUp,
} from './take-up.ts';
import { unusableOf } from './warning.ts';

/**
 * Connects a place of a network, after asking it with the given credentials, or with those of a connection that a person
 * has made. A place that was disconnected, or whose credential died, is taken up again with its history and its plan.
 * Throws `invalid`, `network_refused`, `too_many_requests`, `network_unreachable`, `already_connected`, and for a
 * connection that is not proved yet `wrong_state`.
 */
export async function connectCommunity(
  ctx: Context,
  who: Who,
  input: {
    network: string;
    credentials?: unknown;
    connection_id?: string | undefined;
    external_id: string;
    timezone?: string | undefined;
    settings?: Settings | undefined;
  },
): Promise<Community> {
  const network = networkNamed(input.network);
  const used = await usable(ctx, who, network, input.connection_id, input.external_id);
  if (input.credentials === undefined && used === null) {
    throw invalid({
      path: '/credentials',
      message: 'Give credentials, or the connection_id of a connection that you made: POST /v1/connections.',
    });
  }
  const given = givenOf(network, null, input.credentials, used);
  const settings = parseSettings(network, {}, input.settings ?? {});
  const at = { externalId: input.external_id, settings, path: '/external_id' };
  const connection = await askAs(ctx, network, given, used, input.credentials, at);
  return taken(ctx, who, connection, async (tx, avatar) => {
    const there = await lockAt(tx, who, network, connection.externalId);
    if (there?.status === 'active') throw alreadyConnected(connection);
    const kept = there ?? (await insert(ctx, tx, who, network, connection));
    const chosen = parseSettings(network, kept.settings, input.settings ?? {});
    const { timezone } = input;
    const news = { kept, network, connection, avatar, given, timezone, settings: chosen, findings: [] };
    return { kept, at: await takeUp(ctx, tx, who, news) };
  }).catch((error: unknown) => {
    // Two requests for one new place: the other was first.
    throw isUniqueViolation(error) ? alreadyConnected(connection) : error;
  });
}

/**
 * Gives a community new credentials, which must lead to the same place; also a way back from `needs_reauth`. Those of a
 * connection come beside what is kept, others in place of it. Throws `not_found`, `invalid`, `wrong_state`, and what the
 * network refuses.
 */
async function replaceCredentials(
  ctx: Context,
  who: Who,
  input: { id: string; credentials?: unknown; connection_id?: string | undefined; settings: Settings },
): Promise<Community> {
  const before = await asWorkspace(ctx, who, (tx) => find(tx, who, input.id));
  const network = networkNamed(before.network);
  const used = await usable(ctx, who, network, input.connection_id, before.external_id);
  const adds = input.credentials === undefined || isBeside(network, input.credentials);
  const beside = adds ? await keptBeside(ctx, who, before, used) : null;
  const given = givenOf(network, beside, input.credentials, used);
  const settings = parseSettings(network, before.settings, input.settings);
  const path = used === null ? '/credentials' : '/connection_id';
  const connection = await askAs(ctx, network, given, used, input.credentials, {
    externalId: before.external_id,
    settings,
    path,
  });
  if (connection.externalId !== before.external_id) {
    throw invalid({
      path,
      message: 'These credentials lead to another place: connect that as a community of its own.',
    });
  }
  return taken(ctx, who, connection, async (tx, avatar) => {
    const kept = await lock(tx, who, input.id);
    if (adds && kept.version !== before.version) {
      throw new AppError('conflict', 'The community got new credentials meanwhile: try again.');
    }
    const findings = unusableOf(connection);
    const news = { kept, network, connection, avatar, given, timezone: undefined, settings, findings };
    return { kept, at: await takeUp(ctx, tx, who, news) };
  });
}

/** Changes what is given; first what the network may refuse, since then nothing is changed. */
export async function changeCommunity(
  ctx: Context,
  who: Who,
  input: { id: string } & v.InferOutput<typeof CommunityChange>,
): Promise<Community> {
  const { id, credentials, connection_id, settings = {} } = input;
  if (credentials !== undefined || connection_id !== undefined) {
    await replaceCredentials(ctx, who, { id, credentials, connection_id, settings });
  } else if (input.settings !== undefined) {
    await changeSettings(ctx, who, id, settings);
  }
  return renameCommunity(ctx, who, input);
}

/** What a setting changes may be a capability: a connected community is asked for again with it. */
async function changeSettings(ctx: Context, who: Who, id: string, given: Settings): Promise<void> {
  const before = await asWorkspace(ctx, who, (tx) => find(tx, who, id));
  const settings = parseSettings(networkNamed(before.network), before.settings, given);
  if (before.status === 'disconnected') throw disconnected();
  if (before.status === 'active') await checkCommunity(ctx, who, id, settings);
  else await asWorkspace(ctx, who, (tx) => keepSettings(tx, who.workspaceId, id, settings));
}

async function usable(
  ctx: Context,
  who: Who,
  network: Network,
  connectionId: string | undefined,
  externalId: string,
): Promise<Usable | null> {
  return connectionId === undefined ? null : useConnection(ctx, who, network, connectionId, externalId);
}

/** The kept credentials that a connection comes beside; null: there are none. */
async function keptBeside(ctx: Context, who: Who, before: Kept, used: Usable | null): Promise<Given | null> {
  if (before.version === null) return null;
  const place = { workspaceId: who.workspaceId, communityId: before.id };
  // Access that this connection replaces may have died, which must not stand in its way.
  const credentials =
    used?.grantId != null || before.grant_id === null
      ? await asWorkspace(ctx, who, (tx) => openCredentials(ctx, tx, place))
      : await freshCredentials(ctx, place).catch((error: unknown) => {
          throw refusal(ctx, error, '/connection_id');
        });
  return { credentials, grantId: before.grant_id };
}

/** Credentials as they will be sealed: what a connection brings goes over what was pasted or kept. */
function givenOf(network: Network, beside: Given | null, pasted: unknown, used: Usable | null): Given {
  refuseRotating(network, pasted);
  if (used === null) {
    const whole = beside === null ? pasted : joined(beside.credentials, pasted);
    return { credentials: parseCredentials(network, whole), grantId: beside?.grantId ?? null };
  }
  const base = beside === null ? (pasted ?? {}) : joined(beside.credentials, pasted);
  const credentials = parseCredentials(network, { ...(base as object), ...used.credentials });
  const rotates = partsOf(network, credentials).rotating !== null;
  // One grant stays one: a copy of its refresh token would spend the other's.
  return { credentials, grantId: rotates ? (used.grantId ?? beside?.grantId ?? null) : null };
}

/** Whether all that was given can be done without, so that it comes beside what is kept. */
function isBeside({ besides = [] }: Network, pasted: unknown): boolean {
  const names = Object.keys(typeof pasted === 'object' && pasted !== null ? pasted : {});
  return names.length > 0 && names.every((name) => besides.includes(name));
}

/** Kept credentials with what was given over them; null takes one away. */
function joined(kept: unknown, pasted: unknown): Record<string, unknown> {
  const all = Object.entries({ ...(kept as object), ...(pasted as object | undefined) });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}

/** Asks the network; of a connection that a person proved, only for places that this person administers. */
async function askAs(
  ctx: Context,
  network: Network,
  { credentials }: Given,
  used: Usable | null,
  pasted: unknown,
  at: { externalId: string; settings: Settings; path: string },
): Promise<Connection> {
  try {
    const connection = await ask(ctx, network, credentials, at.externalId, at.settings);
    // What was kept, and is dead, is no reason to refuse what is given now.
    const now = { ...(pasted as object | undefined), ...used?.credentials };
    const broken = connection.unusable?.find(({ field }) => Object.hasOwn(now, field));
    if (broken) {
      const error = new NetworkError('rejected', { ...broken, code: 'unusable' });
      throw refusal(ctx, error, `/credentials/${broken.field}`);
    }
    if (used?.person && network.isAdmin) {
      const access = accessTo(ctx, network, credentials);
      if (!(await network.isAdmin(access, connection.externalId, used.person.id))) {
        const name = used.person.name ?? 'The person who proved this connection';
        throw new NetworkError('rejected', {
          code: 'not_an_admin',
          message: `${name} is not an administrator of ${connection.title}.`,
          nextStep: 'An administrator of it must open the link of a connection.',
        });
      }
    }
    return connection;
  } catch (error) {
    throw refusal(ctx, error, at.path);
  }
}
