import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import type { Core } from '../core.ts';
import type { Community, VkApp, VkPerson, VkToken } from '../state.ts';
import { findCommunity } from '../state.ts';
import { maskOf, SCOPE_NAMES, SCOPES } from './call.ts';
import type { Events } from './events.ts';
import { type ManagerRole, runsCommunity } from './records.ts';

export const group = v.union([v.number(), v.string()]);
/** Bit mask or names of rights. */
const scopes = v.union([v.number(), v.array(v.picklist(SCOPE_NAMES))]);
const role = v.picklist(['moderator', 'editor', 'administrator', 'advertiser']);

export const communityInput = v.strictObject({
  id: v.optional(v.number()),
  screen_name: v.string(),
  name: v.string(),
  description: v.optional(v.string(), ''),
  members: v.optional(v.number(), 1),
  posts_per_day: v.optional(v.number(), 0),
  forbid_links: v.optional(v.boolean(), false),
  donut: v.optional(v.boolean(), false),
  creator_id: v.optional(v.number()),
});

export const vkTokenInput = v.strictObject({
  token: v.optional(v.string()),
  /** Shown in the ledger instead of the token. */
  label: v.optional(v.string()),
  kind: v.picklist(['community', 'user', 'vkid_user', 'service']),
  group_id: v.optional(v.number(), 0),
  user_id: v.optional(v.number()),
  scopes: v.optional(scopes),
  admin_of: v.optional(v.array(v.number()), []),
  refuse_docs: v.optional(v.boolean(), false),
  /** Seconds; 0 = for ever. */
  expires_in: v.optional(v.number(), 0),
  extended: v.optional(v.boolean(), false),
  issued_by: v.optional(v.number(), 0),
});

const appInput = v.strictObject({
  client_id: v.optional(v.number()),
  client_secret: v.optional(v.string()),
  name: v.optional(v.string(), 'An app'),
  redirect_uris: v.array(v.string()),
  /** Extra rights that support granted; without any, its tokens get error 1051 where they would write. */
  scopes: v.optional(scopes, 0),
});

const personInput = v.strictObject({
  id: v.optional(v.number()),
  first_name: v.optional(v.string(), 'User'),
  last_name: v.optional(v.string()),
  email: v.optional(v.string(), ''),
  /** Communities that he runs, by id or short name. */
  admin_of: v.optional(v.array(group), []),
  role: v.optional(role, 'administrator'),
});

const adminInput = v.strictObject({ group, user_id: v.number(), role: v.optional(role, 'administrator') });
const removeInput = v.strictObject({ group, user_id: v.number() });
const tokenInput = v.strictObject({ token: v.string() });
const grantInput = v.strictObject({
  token: v.optional(v.string()),
  client_id: v.optional(v.number()),
  scopes,
});

export interface AccessActs {
  /** An app that people log in to; without id and secret some are made up. */
  addApp(input: v.InferInput<typeof appInput>): VkApp;
  /** Somebody who can log in; `?auto=1` takes the one added last. */
  addPerson(input: v.InferInput<typeof personInput>): VkPerson;
  /** Makes somebody a manager of a community, in his tokens too, or changes his role. */
  addAdmin(input: v.InferInput<typeof adminInput>): void;
  /** Takes a manager's rights away; the community tokens that he issued die. */
  removeAdmin(input: v.InferInput<typeof removeInput>): void;
  /** Lets an access token expire now. */
  expireToken(input: v.InferInput<typeof tokenInput>): void;
  /** Sets the rights of a token, or of an app of VK ID and all its tokens: error 1051 is over for these. */
  grantScopes(input: v.InferInput<typeof grantInput>): void;
}

const LEVELS: Record<ManagerRole, number> = {
  moderator: 1,
  editor: 2,
  administrator: 3,
  creator: 3,
  advertiser: 0,
};

const USER_SCOPES =
  SCOPES.photos | SCOPES.video | SCOPES.wall | SCOPES.offline | SCOPES.docs | SCOPES.groups | SCOPES.stats;
const COMMUNITY_SCOPES = SCOPES.photos | SCOPES.wall | SCOPES.docs | SCOPES.manage;

function maskFrom(given: v.InferOutput<typeof scopes>): number {
  return Array.isArray(given) ? maskOf(given) : given;
}

export function communityNamed({ state }: Pick<Core, 'state'>, id: string | number): Community {
  const community = findCommunity(state, id);
  if (!community) throw new Error(`no such community: ${id}`);
  return community;
}

export function addCommunity({ state }: Core, given: v.InferInput<typeof communityInput>): Community {
  const input = v.parse(communityInput, given);
  const number = state.nextId('community', () => state.communities.size);
  const creator_id = input.creator_id ?? 600_000 + number;
  const community: Community = {
    ...input,
    id: input.id ?? 220_000_000 + number,
    creator_id,
    managers: { [String(creator_id)]: 'creator' },
    confirmation_code: newCode(),
    callback_servers: [],
    long_poll: { enabled: false, api_version: '5.199', events: [] },
  };
  state.save('community', community);
  return community;
}

/** A string that an address answers to be confirmed. */
export function newCode(): string {
  return randomBytes(4).toString('hex');
}

export function addVkToken({ state }: Core, given: v.InferInput<typeof vkTokenInput>): VkToken {
  const { expires_in, ...input } = v.parse(vkTokenInput, given);
  if (input.kind === 'community' && !state.communities.has(input.group_id))
    throw new Error('a community token needs the group_id of a community');
  const number = state.nextId('vk token', () => state.vkTokens.size);
  const prefix = input.kind === 'vkid_user' ? 'vk2.a.' : 'vk1.a.';
  const usual = { community: COMMUNITY_SCOPES, user: USER_SCOPES, vkid_user: 0, service: 0 }[input.kind];
  const person = input.kind === 'user' || input.kind === 'vkid_user';
  const token: VkToken = {
    ...input,
    token: input.token ?? prefix + randomBytes(48).toString('base64url'),
    label: input.label ?? `${input.kind}:${input.kind === 'community' ? input.group_id : number}`,
    user_id: person ? (input.user_id ?? 7000 + number) : 0,
    scopes: input.scopes === undefined ? usual : maskFrom(input.scopes),
    revoked: false,
    expires_at: expires_in > 0 ? Date.now() + expires_in * 1000 : 0,
    client_id: 0,
    family: '',
  };
  state.save('vk_token', token);
  for (const id of token.admin_of) {
    const community = state.communities.get(id);
    if (!community || String(token.user_id) in community.managers) continue;
    community.managers[String(token.user_id)] = 'administrator';
    state.save('community', community);
  }
  return token;
}

export function createAccessActs(core: Core, events: Events): AccessActs {
  const { state } = core;

  /** Changes somebody's role in a community and in his tokens; without one he has none. */
  function setRole(community: Community, userId: number, next: ManagerRole | undefined): void {
    const before = community.managers[String(userId)];
    if (next) community.managers[String(userId)] = next;
    else delete community.managers[String(userId)];
    state.save('community', community);
    for (const token of state.vkTokens.values()) {
      if (token.user_id !== userId) continue;
      const others = token.admin_of.filter((id) => id !== community.id);
      state.save(
        'vk_token',
        Object.assign(token, { admin_of: runsCommunity(next) ? [...others, community.id] : others }),
      );
    }
    events.emit(community.id, 'group_officers_edit', {
      admin_id: community.creator_id,
      user_id: userId,
      level_old: before ? LEVELS[before] : 0,
      level_new: next ? LEVELS[next] : 0,
    });
  }

  function tokenNamed(token: string): VkToken {
    const found = state.vkTokens.get(token);
    if (!found) throw new Error('no such token');
    return found;
  }

  return {
    addApp(given) {
      const { scopes: rights, ...input } = v.parse(appInput, given);
      const app: VkApp = {
        ...input,
        client_id: input.client_id ?? 52_000_000 + state.nextId('vk app', () => state.vkApps.size),
        client_secret: input.client_secret ?? randomBytes(15).toString('base64url'),
        rights: maskFrom(rights),
      };
      state.save('vk_app', app);
      return app;
    },
    addPerson(given) {
      const { admin_of, role: as, ...input } = v.parse(personInput, given);
      const id = input.id ?? 9000 + state.nextId('vk person', () => state.vkPeople.size);
      const person: VkPerson = { ...input, id, last_name: input.last_name ?? String(id) };
      for (const name of admin_of) setRole(communityNamed(core, name), id, as);
      state.save('vk_person', person);
      return person;
    },
    addAdmin(given) {
      const input = v.parse(adminInput, given);
      setRole(communityNamed(core, input.group), input.user_id, input.role);
    },
    removeAdmin(given) {
      const input = v.parse(removeInput, given);
      const community = communityNamed(core, input.group);
      setRole(community, input.user_id, undefined);
      for (const token of state.vkTokens.values())
        if (
          token.kind === 'community' &&
          token.group_id === community.id &&
          token.issued_by === input.user_id
        )
          state.save('vk_token', Object.assign(token, { revoked: true }));
    },
    expireToken(given) {
      const token = tokenNamed(v.parse(tokenInput, given).token);
      state.save('vk_token', Object.assign(token, { expires_at: Date.now() - 1 }));
    },
    grantScopes(given) {
      const input = v.parse(grantInput, given);
      const mask = maskFrom(input.scopes);
      const grant = (token: VkToken) =>
        state.save(
          'vk_token',
          Object.assign(token, { scopes: mask, extended: token.kind === 'vkid_user' && mask !== 0 }),
        );
      if (input.token !== undefined) grant(tokenNamed(input.token));
      if (input.client_id === undefined) return;
      const app = state.vkApps.get(input.client_id);
      if (!app) throw new Error('no such app');
      state.save('vk_app', Object.assign(app, { rights: mask }));
      for (const token of state.vkTokens.values())
        if (token.client_id === app.client_id && token.kind === 'vkid_user') grant(token);
    },
  };
}
