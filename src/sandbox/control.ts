import * as v from 'valibot';
import type { Core, Reply, Settings } from './core.ts';
import type { FaultRule } from './faults.ts';
import { FAULT_NAMES } from './faults.ts';
import { publicPlaces } from './posts.ts';
import type { Setup } from './setup.ts';
import { botInput, chatInput, countersInput, membersInput, personPostInput, rightsInput } from './setup.ts';
import type { TelegramActs } from './telegram/acts.ts';
import { communityInput, vkTokenInput } from './vk/access.ts';
import type { VkActs } from './vk/acts.ts';
import { vkSettingsEntries } from './vk/settings.ts';

const action = v.looseObject({ kind: v.picklist(FAULT_NAMES) });
const idOrName = v.union([v.number(), v.string()]);

const faultInput = v.strictObject({
  network: v.picklist(['telegram', 'vk']),
  method: v.optional(v.string()),
  match: v.optional(
    v.strictObject({
      chat_id: v.optional(idOrName),
      owner_id: v.optional(idOrName),
      text_contains: v.optional(v.string()),
    }),
  ),
  times: v.optional(v.number()),
  action,
});

const settingsInput = v.strictObject({
  floodLimits: v.optional(v.boolean()),
  latencyMs: v.optional(v.number()),
  guidMode: v.optional(v.picklist(['same_post_id', 'error', 'ignored'])),
  ...vkSettingsEntries,
});

export interface ControlDeps {
  core: Core;
  setup: Setup;
  telegram: TelegramActs;
  vk: VkActs;
  reset(): void;
  configure(settings: Partial<Settings>): Settings;
}

/** Answers `/_sandbox/…`: the same acts as the functions of a Sandbox, as JSON, for other processes. */
export function createControl(
  deps: ControlDeps,
): (method: string, path: string, query: string, type: string, body: Buffer) => Promise<Reply> {
  const { core, setup } = deps;

  const posted: Record<string, (input: unknown) => unknown> = {
    reset: () => deps.reset(),
    settings: (input) => deps.configure(v.parse(settingsInput, input)),
    bots: (input) => setup.addBot(v.parse(botInput, input)),
    chats: (input) => setup.addChat(v.parse(chatInput, input)),
    rights: (input) => setup.setRights(v.parse(rightsInput, input)),
    revoke: (input) => setup.revoke(v.parse(v.object({ token: v.string() }), input).token),
    migrate: (input) => setup.migrateChat(v.parse(v.object({ chat: idOrName }), input).chat),
    communities: (input) => setup.addCommunity(v.parse(communityInput, input)),
    'vk-tokens': (input) => setup.addVkToken(v.parse(vkTokenInput, input)),
    'person-posts': (input) => ({ remote_id: setup.postAsPerson(v.parse(personPostInput, input)) }),
    counters: (input) => setup.setCounters(v.parse(countersInput, input)),
    members: (input) => setup.setMembers(v.parse(membersInput, input)),
    // The name of the fault was checked; its figures may be any nonsense, which is what some faults are for.
    faults: (input) => ({ id: core.faults.add(v.parse(faultInput, input) as FaultRule) }),
  };

  // These check what they are given by themselves.
  for (const [network, acts] of Object.entries({ telegram: deps.telegram, vk: deps.vk }))
    for (const [name, act] of Object.entries<(input: never) => unknown>({ ...acts }))
      posted[`${network}/${name}`] = (input) => act(input as never);

  const got: Record<string, (query: URLSearchParams) => unknown> = {
    ledger: (query) => core.ledger.rows(Number(query.get('after') ?? 0)),
    posts: () => publicPlaces(core),
    faults: () => core.faults.list(),
    settings: () => core.settings,
  };

  return async (method, path, query, type, body) => {
    const name = path.slice('/_sandbox/'.length);
    try {
      if (method === 'GET') {
        const handler = got[name];
        return handler
          ? json(200, handler(new URLSearchParams(query)))
          : json(404, { error: 'no such address' });
      }
      if (method === 'DELETE' && name === 'faults') {
        core.faults.clear();
        return json(200, {});
      }
      const handler = method === 'POST' ? posted[name] : undefined;
      if (!handler) return json(404, { error: 'no such address' });
      // Foreign web pages can send forms here, but not JSON.
      if (!type.startsWith('application/json')) return json(415, { error: 'send application/json' });
      const value = await handler(body.length > 0 ? JSON.parse(body.toString('utf8')) : {});
      return json(200, value === undefined ? {} : value);
    } catch (error) {
      return json(400, { error: error instanceof Error ? error.message : 'bad request' });
    }
  };
}

function json(status: number, value: unknown): Reply {
  return { status, type: 'application/json', body: JSON.stringify(value), outcome: String(status) };
}
