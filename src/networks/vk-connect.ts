import * as v from 'valibot';
import { type Capability, type Connection, NetworkError } from './network.ts';
import { download } from './request.ts';
import { callVk, type TokenKind, UploadServer, type VkAccess } from './vk-call.ts';
import { absentCodes } from './vk-errors.ts';

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
const Groups = v.object({ groups: v.array(Group) });
const Users = v.array(v.object({ id: Id }));
const avatarMost = 5_242_880;
const wallRight = 8192;

const addUserToken = 'Add a user token of an administrator with the rights wall and photos.';

/** Resolves the community and finds out by harmless calls what the tokens can do. Throws {@link NetworkError}. */
export async function connectVk(given: VkAccess, externalId: string): Promise<Connection> {
  // A user token takes three calls a second, and probing needs more.
  const access = given.pace ? given : { ...given, pace: threeASecond() };
  const address = groupAddress(externalId);
  if (address === null) {
    throw refusal(
      'bad_address',
      'This is not an address of a VK community.',
      'Enter its id, its short name or its vk.com link.',
    );
  }
  const { community_token: community, user_token: user } = access.credentials;
  if (community !== undefined) {
    const rights = await unlessAbsent(() =>
      callVk(access, 'community', 'groups.getTokenPermissions', {}, v.object({ mask: v.number() })),
    );
    if (rights === null) {
      throw refusal(
        'wrong_token',
        'The community token is not the token of a community.',
        'Create one in the community: Manage, API usage, Access tokens.',
      );
    }
  }
  const first: TokenKind = user === undefined ? 'community' : 'user';
  const group = await groupOf(access, first, address);
  if (community !== undefined) await mustOwn(access, group.id);

  const own = community === undefined ? none : await abilities(access, 'community', group.id);
  const persons = user === undefined ? none : await abilities(access, 'user', group.id);
  const userId = user === undefined ? null : await userIdOf(access);
  const mayPost = user !== undefined && group.is_admin !== 0 && (await hasWallRight(access, persons));
  const writers: { kind: TokenKind; mode: ImageMode }[] = [];
  if (community !== undefined) writers.push({ kind: 'community', mode: modeOf(own) });
  if (mayPost) writers.push({ kind: 'user', mode: modeOf(persons) });
  const writer = imageModes.flatMap((mode) => writers.filter((one) => one.mode === mode))[0];
  if (writer === undefined) {
    throw refusal(
      'no_right',
      group.is_admin === 0
        ? 'The owner of this user token is not an administrator of the community.'
        : 'This user token may not publish: it lacks the right wall, which VK gives to few applications.',
      'Add the access token of the community: open the community in VK, Manage, API usage, and create one.',
    );
  }
  return {
    externalId: String(group.id),
    title: group.name,
    handle: group.screen_name ?? null,
    url: `https://vk.com/${group.screen_name ?? `club${group.id}`}`,
    members: group.members_count ?? null,
    avatar: await avatarOf(access, group.photo_200),
    credentialHint: [community && `community …${community.slice(-4)}`, user && `user …${user.slice(-4)}`]
      .filter(Boolean)
      .join(', '),
    capabilities: {
      text: available('Texts of up to 15895 characters.'),
      images: imagesCapability(writer.mode, user !== undefined && !mayPost),
      find: persons.wall
        ? available('Outpost can read the wall and find out whether a post went out.')
        : {
            available: false,
            detail:
              'These tokens may not read the wall. If it stays unknown whether a post went out, Outpost asks you.',
            next_step: addUserToken,
          },
    },
    details: {
      screen_name: group.screen_name ?? null,
      image_mode: writer.mode,
      writes_with: writer.kind,
      reads_with: persons.wall ? 'user' : null,
      user_id: userId,
    },
  };
}

/** Lets three user-token calls begin in any second; a community token may make twenty. */
function threeASecond(): (token?: string) => Promise<void> {
  const begun: number[] = [];
  return async (token) => {
    if (token !== 'user') return;
    const third = begun.at(-3);
    const wait = third === undefined ? 0 : third + 1_050 - performance.now();
    if (wait > 0) await Bun.sleep(wait);
    begun.push(performance.now());
  };
}

/** `wanting`: a user token was given that may not publish. */
function imagesCapability(mode: 'photo' | 'document' | 'none', wanting: boolean): Capability {
  const add = wanting
    ? 'The user token that was given may not publish: its owner must be an administrator, and it needs the rights wall and photos.'
    : addUserToken;
  if (mode === 'photo') return available('Up to 10 photos in a post.');
  if (mode === 'document') {
    return {
      available: true,
      detail: 'One image in a post, sent as a document: VK lets no community token upload photos.',
      next_step: add,
    };
  }
  return {
    available: false,
    detail: 'VK lets this access token upload neither photos nor documents.',
    next_step: `${add} Or give the community token the right documents.`,
  };
}

/** Best first. */
const imageModes = ['photo', 'document', 'none'] as const;
type ImageMode = (typeof imageModes)[number];

function modeOf(able: Abilities): ImageMode {
  return able.photos ? 'photo' : able.documents ? 'document' : 'none';
}

interface Abilities {
  photos: boolean;
  documents: boolean;
  wall: boolean;
}
const none: Abilities = { photos: false, documents: false, wall: false };

async function abilities(access: VkAccess, kind: TokenKind, groupId: number): Promise<Abilities> {
  const able = async (method: string, params: Record<string, number>, schema: v.GenericSchema) =>
    (await unlessAbsent(() => callVk(access, kind, method, params, schema))) !== null;
  return {
    photos: await able('photos.getWallUploadServer', { group_id: groupId }, UploadServer),
    documents: await able('docs.getWallUploadServer', { group_id: groupId }, UploadServer),
    wall: await able('wall.get', { owner_id: -groupId, count: 1 }, v.object({ items: v.array(v.unknown()) })),
  };
}

/** Tokens of VK ID name no rights here; then the upload address is the only sign. */
async function hasWallRight(access: VkAccess, persons: Abilities): Promise<boolean> {
  const rights = await unlessAbsent(() =>
    callVk(access, 'user', 'account.getAppPermissions', {}, v.number()),
  );
  return rights === null ? persons.photos : (rights & wallRight) !== 0;
}

/** null when VK says that this token cannot do this, which is no fault of the connection. */
async function unlessAbsent<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof NetworkError && absentCodes.has(error.code)) return null;
    throw error;
  }
}

async function groupOf(access: VkAccess, kind: TokenKind, address: string) {
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

function available(detail: string): Capability {
  return { available: true, detail, next_step: null };
}

function refusal(code: string, message: string, nextStep: string): NetworkError {
  return new NetworkError('rejected', { code, message, nextStep });
}
