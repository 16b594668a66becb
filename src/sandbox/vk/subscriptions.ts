import type { VkCall } from './call.ts';
import { communityOf, flag, requireAdmin, requireScope, SCOPES, VkRefusal } from './call.ts';
import type { CallbackServer, Community } from './records.ts';
import { eventNames, shownEventNames } from './schema.ts';

const SERVERS_LIMIT = 10;
const API_VERSION = '5.199';

/** The community of a call, which its bearer runs. */
function ownCommunity(call: VkCall): Community {
  const community = communityOf(call, call.params.group_id ?? '');
  call.record.place = String(-community.id);
  requireAdmin(call.token, community.id);
  if (call.token.kind === 'community') requireScope(call.token, SCOPES.manage);
  else requireScope(call.token, SCOPES.groups);
  return community;
}

function serverOf(community: Community, id: string | undefined): CallbackServer {
  const server = community.callback_servers.find((one) => one.id === Number(id));
  if (!server) throw new VkRefusal(104, 'server not found');
  return server;
}

export function confirmationCode(call: VkCall): unknown {
  return { code: ownCommunity(call).confirmation_code };
}

export function addServer(call: VkCall): unknown {
  const { core, params, token } = call;
  const community = ownCommunity(call);
  if (community.callback_servers.length >= SERVERS_LIMIT) throw new VkRefusal(2000);
  const server: CallbackServer = {
    id: core.state.nextId(`callback ${community.id}`, () =>
      Math.max(0, ...community.callback_servers.map((one) => one.id)),
    ),
    title: params.title ?? '',
    creator_id: token.user_id,
    url: urlOf(params.url),
    secret_key: params.secret_key ?? '',
    status: 'unconfigured',
    api_version: API_VERSION,
    events: [],
  };
  community.callback_servers.push(server);
  call.events.callbacks.confirm(community, server);
  return { server_id: server.id };
}

export function editServer(call: VkCall): unknown {
  const { params } = call;
  const community = ownCommunity(call);
  const server = serverOf(community, params.server_id);
  server.title = params.title ?? '';
  server.url = urlOf(params.url);
  server.secret_key = params.secret_key ?? '';
  call.events.callbacks.confirm(community, server);
  return 1;
}

function urlOf(url: string | undefined): string {
  if (!url || !/^https?:\/\//i.test(url) || !URL.canParse(url)) throw new VkRefusal(100, 'url is invalid');
  return url;
}

export function deleteServer(call: VkCall): unknown {
  const community = ownCommunity(call);
  const server = serverOf(community, call.params.server_id);
  server.status = 'unconfigured';
  community.callback_servers = community.callback_servers.filter((one) => one !== server);
  call.core.state.save('community', community);
  return 1;
}

export function listServers(call: VkCall): unknown {
  const wanted = call.params.server_ids?.split(',').map(Number);
  const servers = ownCommunity(call).callback_servers.filter((one) => !wanted || wanted.includes(one.id));
  const items = servers.map(({ id, title, creator_id, url, secret_key, status }) => ({
    id,
    title,
    creator_id,
    url,
    secret_key,
    status,
  }));
  return { count: items.length, items };
}

export function setCallbackSettings(call: VkCall): unknown {
  const { params, core } = call;
  const community = ownCommunity(call);
  const server = params.server_id === undefined ? undefined : serverOf(community, params.server_id);
  for (const one of server ? [server] : community.callback_servers) {
    one.events = chosen(one.events, params);
    one.api_version = params.api_version || one.api_version;
  }
  core.state.save('community', community);
  return 1;
}

export function getCallbackSettings(call: VkCall): unknown {
  const community = ownCommunity(call);
  const { server_id } = call.params;
  const server = server_id === undefined ? community.callback_servers[0] : serverOf(community, server_id);
  return { api_version: server?.api_version ?? API_VERSION, events: flagsOf(server?.events ?? []) };
}

export function setLongPollSettings(call: VkCall): unknown {
  const { params, core } = call;
  const community = ownCommunity(call);
  const settings = community.long_poll;
  if (params.enabled !== undefined) settings.enabled = flag(params.enabled);
  settings.events = chosen(settings.events, params);
  settings.api_version = params.api_version || settings.api_version;
  core.state.save('community', community);
  return 1;
}

export function getLongPollSettings(call: VkCall): unknown {
  const { enabled, api_version, events } = ownCommunity(call).long_poll;
  return { is_enabled: enabled, api_version, events: flagsOf(events) };
}

export function longPollServer(call: VkCall): unknown {
  const community = ownCommunity(call);
  if (!community.long_poll.enabled) throw new VkRefusal(100, 'longpoll for this group is not enabled');
  return call.events.longPoll.server(community);
}

/** Types that are on after a call; those it does not name stay as they are. */
function chosen(before: string[], params: Record<string, string>): string[] {
  const on = new Set(before);
  for (const name of eventNames()) {
    if (params[name] === undefined) continue;
    if (flag(params[name])) on.add(name);
    else on.delete(name);
  }
  return [...on];
}

function flagsOf(events: string[]): Record<string, 0 | 1> {
  return Object.fromEntries(shownEventNames().map((name) => [name, events.includes(name) ? 1 : 0]));
}
