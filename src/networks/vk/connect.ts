import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import type { Json } from '../message.ts';
import type { Connection } from '../network.ts';
import { download } from '../request.ts';
import {
  callVk,
  type TokenKind,
  userTokenOf,
  type VkAccess,
  type VkCredentials,
  type VkDetails,
} from './call.ts';
import { type Abilities, capabilitiesFor } from './capabilities.ts';
import { absentCodes } from './errors.ts';
import { VkSettings } from './options.ts';
import { UploadServer } from './stage.ts';

const Id = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const Group = v.object({
  id: Id,
  name: v.string(),
  screen_name: v.optional(v.string()),
  members_count: v.optional(v.pipe(v.number(), v.integer())),
  photo_200: v.optional(v.string()),
  deactivated: v.optional(v.string()),
  is_admin: v.optional(v.number()),
});
type Group = v.InferOutput<typeof Group>;
const Groups = v.object({ groups: v.array(Group) });
const Users = v.array(v.object({ id: Id }));
const Items = v.object({ items: v.array(v.unknown()) });
const avatarMost = 5_242_880;
/** Bits of the rights of a token: https://dev.vk.com/en/reference/access-rights. */
const rights = { video: 16, wall: 8192, groups: 262_144, manage: 262_144 } as const;

/**
 * Resolves the community and finds out by harmless calls what the tokens can do: a right that is missing makes a
 * capability unavailable, not the connection. Throws {@link NetworkError}.
 */
export async function connectVk(
  given: VkAccess,
  externalId: string,
  settings: Readonly<Record<string, Json>>,
): Promise<Connection> {
  // A user token takes three calls a second, and probing needs more.
  const access = given.pace ? given : { ...given, pace: threeASecond(given.second) };
  const address = groupAddress(externalId);
  if (address === null) {
    throw refusal(
      'bad_address',
      'This is not an address of a VK community.',
      'Enter its id, its short name or its vk.com link.',
    );
  }
  const byCommunity = access.credentials.community_token !== undefined;
  const byUser = userTokenOf(access.credentials) !== undefined;
  const granted = byCommunity ? await communityRights(access) : 0;
  const group = await groupOf(access, byUser ? 'user' : 'community', address);
  if (byCommunity) await mustOwn(access, group.id);

  const own = byCommunity ? await communityAbilities(access, group.id, granted) : nothing;
  const person = byUser ? await userAbilities(access, group) : nobody;
  if (!byCommunity && !person.manages) {
    throw refusal(
      'no_right',
      group.is_admin !== 1
        ? 'The owner of this user token is not an administrator of the community.'
        : 'This user token may not publish: it lacks the right wall, which VK gives to few applications.',
      'Add the access token of the community: open the community in VK, Manage, API usage, and create one.',
    );
  }
  const documents = person.manages && person.documents ? 'user' : own.documents ? 'community' : null;
  const abilities: Abilities = {
    community: byCommunity,
    wanting: byUser && !person.manages,
    photos: person.manages && person.photos,
    documents,
    video: person.manages && person.video,
    manages: person.manages,
    reads: person.wall,
    updates: own.updates ? 'community' : person.manages && person.groups ? 'user' : null,
    statistics: person.statistics,
  };
  const details: VkDetails = {
    screen_name: group.screen_name ?? null,
    image_mode: abilities.photos ? 'photo' : documents === null ? 'none' : 'document',
    writes_with: person.manages ? 'user' : 'community',
    reads_with: person.wall ? 'user' : null,
    documents_with: documents,
    video: abilities.video,
    manages: person.manages,
    updates_with: abilities.updates,
    user_id: person.id,
  };
  return {
    externalId: String(group.id),
    title: group.name,
    handle: group.screen_name ?? null,
    url: `https://vk.com/${group.screen_name ?? `club${group.id}`}`,
    members: group.members_count ?? null,
    avatar: await avatarOf(access, group.photo_200),
    credentialHint: hintOf(access.credentials),
    capabilities: capabilitiesFor(abilities, v.parse(VkSettings, settings)),
    details,
  };
}

function hintOf({ community_token, user_token, user_oauth }: VkCredentials): string {
  return [
    community_token && `community …${community_token.slice(-4)}`,
    user_token && `user …${user_token.slice(-4)}`,
    user_oauth && `VK ID …${user_oauth.access_token.slice(-4)}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** Lets three user-token calls begin in any second; a community token may make twenty. */
function threeASecond(second = 1_000): (token?: string) => Promise<void> {
  const begun: number[] = [];
  return async (token) => {
    if (token !== 'user') return;
    const third = begun.at(-3);
    const wait = third === undefined ? 0 : third + second * 1.05 - performance.now();
    if (wait > 0) await Bun.sleep(wait);
    begun.push(performance.now());
  };
}

async function communityRights(access: VkAccess): Promise<number> {
  const mask = v.object({ mask: v.number() });
  const told = await ask(() => callVk(access, 'community', 'groups.getTokenPermissions', {}, mask));
  if ('value' in told) return told.value.mask;
  throw refusal(
    'wrong_token',
    'The community token is not the token of a community.',
    'Create one in the community: Manage, API usage, Access tokens.',
  );
}

const nothing = { documents: false, updates: false };

async function communityAbilities(access: VkAccess, groupId: number, granted: number) {
  const upload = { group_id: groupId };
  return {
    documents: await can(access, 'community', 'docs.getWallUploadServer', upload, UploadServer),
    updates: (granted & rights.manage) !== 0,
  };
}

const nobody = {
  id: null,
  manages: false,
  photos: false,
  documents: false,
  video: false,
  wall: false,
  groups: false,
  statistics: false,
};

async function userAbilities(access: VkAccess, group: Group) {
  const upload = { group_id: group.id };
  const owner_id = -group.id;
  const photos = await ask(() => callVk(access, 'user', 'photos.getWallUploadServer', upload, UploadServer));
  const documents = await can(access, 'user', 'docs.getWallUploadServer', upload, UploadServer);
  const wall = await can(access, 'user', 'wall.get', { owner_id, count: 1 }, Items);
  const lastDay = { group_id: group.id, interval: 'day', intervals_count: 1 };
  const statistics = await can(access, 'user', 'stats.get', lastDay, v.array(v.unknown()));
  const told = await ask(() => callVk(access, 'user', 'account.getAppPermissions', {}, v.number()));
  // A token of VK ID whose application has no extra rights is refused as the wrong kind, whatever its rights are.
  const wrongKind = 'absent' in photos && wrongKinds.has(photos.absent);
  // Tokens that name no rights: then the upload address is the only sign.
  const has = (right: number, otherwise: boolean) =>
    !wrongKind && ('value' in told ? (told.value & right) !== 0 : otherwise);
  return {
    id: await userIdOf(access),
    // Not told is not an administrator.
    manages: group.is_admin === 1 && has(rights.wall, 'value' in photos),
    photos: 'value' in photos,
    documents,
    video: has(rights.video, false),
    wall,
    groups: has(rights.groups, false),
    statistics,
  };
}

const wrongKinds: ReadonlySet<string> = new Set(['vk:27', 'vk:28', 'vk:1051']);

async function can(
  access: VkAccess,
  kind: TokenKind,
  method: string,
  params: Record<string, string | number>,
  schema: v.GenericSchema,
): Promise<boolean> {
  return 'value' in (await ask(() => callVk(access, kind, method, params, schema)));
}

/** `absent` holds the code with which VK says that this token cannot do this, which is no fault of the connection. */
async function ask<T>(read: () => Promise<T>): Promise<{ value: T } | { absent: string }> {
  try {
    return { value: await read() };
  } catch (error) {
    if (error instanceof NetworkError && absentCodes.has(error.code)) return { absent: error.code };
    throw error;
  }
}

async function groupOf(access: VkAccess, kind: TokenKind, address: string): Promise<Group> {
  const fields = 'members_count,screen_name,photo_200,is_admin';
  const { groups } = await callVk(access, kind, 'groups.getById', { group_id: address, fields }, Groups);
  const [group] = groups;
  if (group === undefined) {
    throw refusal('not_found', 'VK does not find this community.', 'Check its address.');
  }
  if (group.deactivated !== undefined) {
    throw refusal('deactivated', 'This VK community is blocked or deleted.', 'Look at the community in VK.');
  }
  return group;
}

/** A community token works for its own community alone; without a name `groups.getById` tells which that is. */
async function mustOwn(access: VkAccess, groupId: number): Promise<void> {
  const { groups } = await callVk(access, 'community', 'groups.getById', {}, Groups);
  const [own] = groups;
  if (own !== undefined && own.id !== groupId) {
    throw refusal(
      'other_community',
      'This access token belongs to another VK community.',
      'Create a token in the settings of the community that you want to connect.',
    );
  }
}

async function userIdOf(access: VkAccess): Promise<string> {
  const [person] = await callVk(access, 'user', 'users.get', {}, Users);
  if (person === undefined) {
    throw refusal(
      'wrong_token',
      'The user token belongs to no person: it looks like the token of a community.',
      'Give it as community_token, or leave user_token out.',
    );
  }
  return String(person.id);
}

/** The picture of the community; whatever goes wrong with it is no reason to refuse a connection. */
async function avatarOf(access: VkAccess, url: string | undefined): Promise<Connection['avatar']> {
  if (url === undefined) return null;
  try {
    const { status, bytes, mime } = await download(url, avatarMost, access);
    return status === 200 && bytes.length > 0 && mime.startsWith('image/') ? { bytes, mime } : null;
  } catch {
    return null;
  }
}

/** What `groups.getById` takes: an id or a short name. */
function groupAddress(text: string): string | null {
  const [, named] =
    /^(?:https?:\/\/)?(?:www\.|m\.)?vk\.(?:com|ru)\/([\w.]+)\/?(?:[?#].*)?$/.exec(text.trim()) ?? [];
  const address = named ?? text.trim().replace(/^@/, '');
  const [, id] = /^(?:-|club|public|event)?(\d{1,12})$/.exec(address) ?? [];
  return id ?? (/^[A-Za-z_][\w.]{1,63}$/.test(address) ? address : null);
}

function refusal(code: string, message: string, nextStep: string): NetworkError {
  return new NetworkError('rejected', { code, message, nextStep });
}
