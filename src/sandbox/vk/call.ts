import type { CallRecord, Core, Reply } from '../core.ts';
import type { Community, VkPost, VkToken } from '../state.ts';
import { findCommunity } from '../state.ts';
import type { Events } from './events.ts';
import { vkErrorText } from './schema.ts';

/** Bits of a token's rights: https://dev.vk.com/en/reference/access-rights. */
export const SCOPES = {
  photos: 4,
  video: 16,
  app_widget: 64,
  messages: 4096,
  wall: 8192,
  offline: 65_536,
  docs: 131_072,
  groups: 262_144,
  /** The same bit on a community token. */
  manage: 262_144,
  stats: 1_048_576,
} as const;

export type ScopeName = keyof typeof SCOPES;

export const SCOPE_NAMES = Object.keys(SCOPES) as ScopeName[];

/** The mask of rights by name; names that nobody knows count for nothing. */
export function maskOf(names: readonly string[]): number {
  return SCOPE_NAMES.reduce((mask, name) => (names.includes(name) ? mask | SCOPES[name] : mask), 0);
}

/** A refusal in VK's form. */
export class VkRefusal extends Error {
  constructor(
    readonly code: number,
    detail?: string,
    readonly extra: Record<string, unknown> = {},
  ) {
    super(detail ? `${vkErrorText(code)}: ${detail}` : vkErrorText(code));
  }
}

export interface VkCall {
  core: Core;
  events: Events;
  token: VkToken;
  /** All values are text, as forms carry them. */
  params: Record<string, string>;
  record: CallRecord;
}

export function param(detail: string): VkRefusal {
  return new VkRefusal(100, detail);
}

export function flag(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}

export function numberOf(value: string | undefined, otherwise: number): number {
  return value === undefined || value === '' ? otherwise : Number(value);
}

export function requireScope(token: VkToken, bit: number): void {
  if ((token.scopes & bit) === 0) throw new VkRefusal(15, 'no access to call this method');
}

/** A token of VK ID acts for its person only when its app was granted extra rights. */
export function actsAsPerson(token: VkToken): boolean {
  return token.kind === 'user' || (token.kind === 'vkid_user' && token.extended);
}

export function isAdmin(token: VkToken, communityId: number): boolean {
  if (token.kind === 'community') return token.group_id === communityId;
  return actsAsPerson(token) && token.admin_of.includes(communityId);
}

/** Refuses a call about a community that the token's bearer does not run. */
export function requireAdmin(token: VkToken, communityId: number): void {
  if (isAdmin(token, communityId)) return;
  throw new VkRefusal(
    15,
    token.kind === 'community'
      ? 'the token belongs to another community'
      : 'you are no administrator of this community',
  );
}

/** The community behind a wall's negative owner id; notes the wall in the ledger row. */
export function wallOf(call: VkCall, ownerId: number): Community | undefined {
  call.record.place = String(ownerId);
  if (ownerId > 0) return undefined;
  const community = call.core.state.communities.get(-ownerId);
  if (!community) throw param('owner_id is invalid, no such community');
  return community;
}

export function communityOf(call: VkCall, id: string): Community {
  const community = findCommunity(call.core.state, id);
  if (!community) throw new VkRefusal(125);
  return community;
}

export function postOf(call: VkCall, ownerId: number, postId: number): VkPost {
  const post = call.core.state.vkPosts.get(ownerId)?.get(postId);
  if (!post || post.deleted) throw new VkRefusal(104, 'post not found');
  call.record.remote_id = String(postId);
  return post;
}

/** The post that an administrator's call is about. */
export function managedPost(call: VkCall): VkPost {
  const { params, token } = call;
  const ownerId = ownerOf(call);
  const community = wallOf(call, ownerId);
  requireScope(token, SCOPES.wall);
  if (community) requireAdmin(token, community.id);
  else if (ownerId !== token.user_id) throw new VkRefusal(15, 'the wall belongs to somebody else');
  return postOf(call, ownerId, Number(params.post_id));
}

/** The wall of a call: as named, else that of the token's community or person. */
export function ownerOf({ params, token }: VkCall): number {
  return numberOf(params.owner_id, token.kind === 'community' ? -token.group_id : token.user_id);
}

/** A refusal as VK sends it: HTTP 200, and the parameters echoed without the token. */
export function vkRefusalReply(refusal: VkRefusal, method: string, params: Record<string, unknown>): Reply {
  const echoed = Object.entries({ method, oauth: 1, ...params })
    .filter(([name]) => name !== 'access_token')
    .map(([key, value]) => ({ key, value: String(value) }));
  const error = {
    error_code: refusal.code,
    error_msg: refusal.message,
    request_params: echoed,
    ...refusal.extra,
  };
  return json({ error }, `error ${refusal.code}`);
}

/** An answer of VK: always HTTP 200. */
export function json(value: unknown, outcome: string): Reply {
  return { status: 200, type: 'application/json; charset=utf-8', body: JSON.stringify(value), outcome };
}
