import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import type { Access, Place } from '../network.ts';
import { formBody, post } from '../request.ts';
import { noAnswer, vkResponse } from './errors.ts';

const apiVersion = '5.199';

const Token = v.pipe(
  v.string(),
  v.trim(),
  v.regex(/^[\x21-\x7e]{8,1000}$/, 'must be an access token of VK, without blanks'),
);
const Secret = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,2000}$/, 'must have no blanks'));
/** To the end of the year 9999: later ones have no form that the database reads. */
const Moment = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(253_402_300_799_999));

/** A sign-in with VK ID: it acts as a user token. Each refresh answers a new pair, and the old one is dead. */
export const VkOauth = v.strictObject({
  access_token: Token,
  refresh_token: Secret,
  /** VK names the browser of the sign-in so; each refresh needs it. */
  device_id: Secret,
  client_id: v.pipe(v.string(), v.regex(/^\d{1,20}$/, 'must be the number of the VK application')),
  /** Milliseconds since the epoch. */
  expires_at: Moment,
  issued_at: Moment,
});
export type VkOauth = v.InferOutput<typeof VkOauth>;

export const VkCredentials = v.pipe(
  v.strictObject({
    community_token: v.optional(Token),
    user_token: v.optional(Token),
    user_oauth: v.optional(VkOauth),
  }),
  v.check(
    ({ community_token, user_token, user_oauth }) =>
      community_token !== undefined || user_token !== undefined || user_oauth !== undefined,
    'needs the access token of the community (community_token), of a user (user_token), or both',
  ),
  v.check(
    ({ user_token, user_oauth }) => user_token === undefined || user_oauth === undefined,
    'takes one way to act as a user: user_token or user_oauth',
  ),
);
export type VkCredentials = v.InferOutput<typeof VkCredentials>;
export type VkAccess = Access<VkCredentials>;
export type TokenKind = 'community' | 'user';

const Kind = v.picklist(['community', 'user']);
/** What `connect` found out; kept in `Place.details`. */
export const VkDetails = v.object({
  screen_name: v.fallback(v.nullable(v.string()), null),
  /** `document`: photos could go as documents, where the owner allows that. */
  image_mode: v.fallback(v.picklist(['photo', 'document', 'none']), 'none'),
  writes_with: v.fallback(Kind, 'community'),
  reads_with: v.fallback(v.nullable(v.literal('user')), null),
  documents_with: v.fallback(v.nullable(Kind), null),
  video: v.fallback(v.boolean(), false),
  /** A user token that may publish: it makes polls, edits, deletes and pins. */
  manages: v.fallback(v.boolean(), false),
  updates_with: v.fallback(v.nullable(Kind), null),
  user_id: v.fallback(v.nullable(v.string()), null),
});
export type VkDetails = v.InferOutput<typeof VkDetails>;

/** The notes of `connect`; whatever of them is missing counts as not able. */
export function detailsOf(place: Pick<Place, 'details'>): VkDetails {
  return v.parse(VkDetails, place.details);
}

/** The token of a person, however it came. */
export function userTokenOf(credentials: VkCredentials): string | undefined {
  return credentials.user_token ?? credentials.user_oauth?.access_token;
}

/**
 * One call of the VK API: one request, whatever comes back. vk-io is not used here: it sends a write up to four times
 * when an answer is lost, waits for ever on error 6, and takes any body without `error` for a success.
 * Throws {@link NetworkError}.
 */
export async function callVk<T>(
  access: VkAccess,
  kind: TokenKind,
  method: string,
  params: Readonly<Record<string, string | number>>,
  schema: v.GenericSchema<unknown, T>,
): Promise<T> {
  const token = kind === 'user' ? userTokenOf(access.credentials) : access.credentials.community_token;
  if (token === undefined) {
    throw new NetworkError('auth', {
      code: 'no_token',
      message: `The ${kind} token of this community is missing.`,
      nextStep: 'Connect the community again with its tokens.',
    });
  }
  await access.pace?.(kind);
  const fields: Record<string, string> = { access_token: token, v: apiVersion };
  for (const [name, value] of Object.entries(params)) fields[name] = String(value);
  const answer = await post(`${access.root}/${method}`, formBody(fields), access);
  const parsed = v.safeParse(schema, vkResponse(answer));
  if (!parsed.success) throw noAnswer(answer.status);
  return parsed.output;
}

/** VK's number for the wall of a community: negative. */
export function wallOf(place: Pick<Place, 'externalId'>): number {
  return -Number(place.externalId);
}

/** `post` or, for a comment, `post?reply=comment`: the end of its address. */
export interface RemoteId {
  post: string;
  comment: string | null;
}

/** Reads a remote id. Throws {@link NetworkError} `not_sent` when it is none of VK's. */
export function readRemoteId(remoteId: string): RemoteId {
  const [, post, comment] = /^(\d+)(?:\?reply=(\d+))?$/.exec(remoteId) ?? [];
  if (post !== undefined) return { post, comment: comment ?? null };
  throw new NetworkError('not_sent', { code: 'bad_remote_id', message: 'This is no post of a VK wall.' });
}

export function addressOf(place: Pick<Place, 'externalId'>, remoteId: string): string {
  return `https://vk.com/wall-${place.externalId}_${remoteId}`;
}
