import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import type { Place } from '../network.ts';
import { type Deadlines, download } from '../request.ts';
import { callVk, detailsOf, type TokenKind, type VkAccess } from './call.ts';
import { noAnswer } from './errors.ts';

const Done = v.literal(1);
const Id = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Server = v.object({
  id: Id,
  url: v.string(),
  status: v.fallback(v.string(), ''),
  secret_key: v.fallback(v.string(), ''),
});
const Servers = v.object({ items: v.array(Server) });
const apiVersion = '5.199';

/** What this installation wants to hear of. */
export const vkEvents = [
  'wall_post_new',
  'wall_reply_new',
  'wall_reply_delete',
  'wall_repost',
  'like_add',
  'like_remove',
  'group_join',
  'group_leave',
  'group_officers_edit',
] as const;
const switches = Object.fromEntries(vkEvents.map((name) => [name, 1]));

/** What VK wants as the plain answer to `confirmation`. Throws {@link NetworkError}. */
export async function confirmationCode(access: VkAccess, place: Place): Promise<string> {
  const answer = v.object({ code: v.string() });
  return (await ask(access, place, 'groups.getCallbackConfirmationCode', {}, answer)).code;
}

/**
 * Lets VK post the community's events to `url`. A server that is there already for that address is taken over, so that
 * this may be repeated. `known` is told the confirmation code before VK can ask for it. Throws {@link NetworkError}.
 */
export async function registerCallback(
  access: VkAccess,
  place: Place,
  given: {
    url: string;
    /** At most 14 characters. */
    title: string;
    /** At most 50 characters; VK sends it with every event. */
    secret: string;
    known?: (code: string) => Promise<void>;
  },
): Promise<{ serverId: string; code: string }> {
  const code = await confirmationCode(access, place);
  await given.known?.(code);
  const server = { url: given.url, title: given.title.slice(0, 14), secret_key: given.secret };
  const kept = await serverAt(access, place, given.url);
  if (kept === null) {
    const added = v.object({ server_id: Id });
    const { server_id } = await ask(access, place, 'groups.addCallbackServer', server, added);
    return { serverId: await listenTo(access, place, server_id), code };
  }
  await ask(access, place, 'groups.editCallbackServer', { server_id: kept, ...server }, Done);
  return { serverId: await listenTo(access, place, kept), code };
}

async function listenTo(access: VkAccess, place: Place, server_id: number): Promise<string> {
  const params = { server_id, api_version: apiVersion, ...switches };
  await ask(access, place, 'groups.setCallbackSettings', params, Done);
  return String(server_id);
}

/** Takes the server for that address away; fine when there is none. Throws {@link NetworkError}. */
export async function removeCallback(access: VkAccess, place: Place, given: { url: string }): Promise<void> {
  const kept = await serverAt(access, place, given.url);
  if (kept !== null) await removeServer(access, place, kept);
}

/** The same for every address that begins so. Answers whether there was one. Throws {@link NetworkError}. */
export async function removeCallbacks(access: VkAccess, place: Place, start: string): Promise<boolean> {
  const { items } = await ask(access, place, 'groups.getCallbackServers', {}, Servers);
  const ours = items.filter(({ url }) => url.startsWith(start));
  for (const { id } of ours) await removeServer(access, place, id);
  return ours.length > 0;
}

async function removeServer(access: VkAccess, place: Place, server_id: number): Promise<void> {
  try {
    await ask(access, place, 'groups.deleteCallbackServer', { server_id }, Done);
  } catch (error) {
    if (!(error instanceof NetworkError) || error.code !== 'vk:104') throw error;
  }
}

/**
 * What VK thinks of the server for that address: `ok`, `wait` for its confirmation, `failed` …, and the secret that it
 * sends along; null: there is none. Throws {@link NetworkError}.
 */
export async function callbackAt(
  access: VkAccess,
  place: Place,
  url: string,
): Promise<{ status: string; secret: string } | null> {
  const { items } = await ask(access, place, 'groups.getCallbackServers', {}, Servers);
  const server = items.find((one) => one.url === url);
  return server ? { status: server.status, secret: server.secret_key } : null;
}

async function serverAt(access: VkAccess, place: Place, url: string): Promise<number | null> {
  const { items } = await ask(access, place, 'groups.getCallbackServers', {}, Servers);
  return items.find((server) => server.url === url)?.id ?? null;
}

/** Where the community's events are fetched from, and from which on. The key opens them: it is a secret. */
export interface LongPollServer {
  server: string;
  key: string;
  ts: string;
}

const Moment = v.pipe(v.union([v.string(), v.number()]), v.transform(String));
const PollServer = v.object({
  server: v.pipe(v.string(), v.regex(/^https?:\/\//)),
  key: v.string(),
  ts: Moment,
});

/** Switches fetching on for the events that we hear, and opens it. Throws {@link NetworkError}. */
export async function longPollServer(access: VkAccess, place: Place): Promise<LongPollServer> {
  const settings = { enabled: 1, api_version: apiVersion, ...switches };
  await ask(access, place, 'groups.setLongPollSettings', settings, Done);
  return ask(access, place, 'groups.getLongPollServer', {}, PollServer);
}

/**
 * `updates`: events as the Callback API would post them, and where to go on; `lost`: some are gone, go on from there;
 * `renew`: open it again, going on from the kept `ts` when `keeps` says so.
 */
export type Turn =
  | { kind: 'updates'; next: LongPollServer; updates: readonly unknown[] }
  | { kind: 'lost'; next: LongPollServer }
  | { kind: 'renew'; keeps: boolean };

const Updates = v.object({ ts: Moment, updates: v.array(v.unknown()) });
const Failed = v.object({ failed: v.number(), ts: v.optional(Moment) });
const turnMost = 16 * 1_048_576;

/** Waits up to `wait` seconds (25 at most) for events; `timeout` must be longer. Throws {@link NetworkError}. */
export async function longPollTurn(
  server: LongPollServer,
  given: Deadlines & { wait: number },
): Promise<Turn> {
  const query = new URLSearchParams({
    act: 'a_check',
    key: server.key,
    ts: server.ts,
    wait: String(Math.min(25, Math.max(1, Math.floor(given.wait)))),
  });
  const { status, bytes } = await download(`${server.server}?${query}`, turnMost, given);
  let body: unknown = null;
  try {
    body = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Not JSON: no answer.
  }
  const failed = v.safeParse(Failed, body);
  if (status === 200 && failed.success) {
    const { failed: why, ts } = failed.output;
    if (why === 1 && ts !== undefined) return { kind: 'lost', next: { ...server, ts } };
    return { kind: 'renew', keeps: why === 2 };
  }
  const told = v.safeParse(Updates, body);
  if (status !== 200 || !told.success) throw noAnswer(status);
  return {
    kind: 'updates',
    next: { ...server, ts: told.output.ts },
    updates: told.output.updates,
  };
}

/** A call about the community, with the token that may manage it. */
function ask<T>(
  access: VkAccess,
  place: Place,
  method: string,
  params: Record<string, string | number>,
  schema: v.GenericSchema<unknown, T>,
): Promise<T> {
  const kind: TokenKind =
    detailsOf(place).updates_with ??
    (access.credentials.community_token === undefined ? 'user' : 'community');
  return callVk(access, kind, method, { group_id: place.externalId, ...params }, schema);
}
