import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import type { Access, SignIn, SignInRequest } from '../network.ts';
import { formBody, post } from '../request.ts';
import type { VkAccess, VkCredentials, VkOauth } from './call.ts';

const idRoot = 'https://id.vk.com';
const communityRoot = 'https://oauth.vk.com';
const apiVersion = '5.199';

/** What the calls here need: no credentials, no API. */
export type OauthAccess = Pick<Access<unknown>, 'timeout' | 'connect' | 'signal' | 'roots'>;

const Secret = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,2000}$/));
/** Seconds of a year: access that VK says lasts longer is renewed all the same. */
const lifeMost = 31_536_000;
const Tokens = v.object({
  access_token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{8,1000}$/)),
  refresh_token: Secret,
  expires_in: v.pipe(v.number(), v.minValue(1), v.toMaxValue(lifeMost)),
  user_id: v.optional(v.number()),
  scope: v.optional(v.string(), ''),
  state: v.optional(v.string()),
});
const Refusal = v.object({ error: v.string() });

/** Where a person goes to let this installation act for them (VK ID, OAuth 2.1 with PKCE). Pure. */
export function authorizeUrl(given: {
  root?: string | undefined;
  clientId: string;
  redirectUri: string;
  state: string;
  /** base64url(SHA-256(verifier)). */
  challenge: string;
  /** Names, separated by blanks. */
  scope: string;
}): string {
  return addressOf(`${given.root ?? idRoot}/authorize`, {
    response_type: 'code',
    client_id: given.clientId,
    redirect_uri: given.redirectUri,
    state: given.state,
    code_challenge: given.challenge,
    code_challenge_method: 's256',
    scope: given.scope,
  });
}

/** The code of VK ID for tokens; `deviceId` came back beside the code. Throws {@link NetworkError}. */
export async function exchangeCode(
  access: OauthAccess,
  given: {
    clientId: string;
    redirectUri: string;
    code: string;
    deviceId: string;
    verifier: string;
    state: string;
  },
): Promise<{ tokens: VkOauth; userId: string | null; scope: string }> {
  const fields = {
    grant_type: 'authorization_code',
    code: given.code,
    code_verifier: given.verifier,
    client_id: given.clientId,
    device_id: given.deviceId,
    redirect_uri: given.redirectUri,
    state: given.state,
  };
  return tokensOf(access, fields, given);
}

/**
 * A fresh pair for the one that is used up by this. An answer that is lost is `unknown`: the old pair may be dead
 * then. Throws {@link NetworkError}, `auth` when VK no longer takes the old one.
 */
export async function refreshVk(access: VkAccess): Promise<VkCredentials> {
  const { user_oauth } = access.credentials;
  if (user_oauth === undefined) {
    throw new NetworkError('not_sent', {
      code: 'nothing_to_refresh',
      message: 'This connection holds no sign-in with VK ID.',
    });
  }
  const { client_id, device_id, refresh_token } = user_oauth;
  const state = crypto.randomUUID().replaceAll('-', '');
  const fields = { grant_type: 'refresh_token', refresh_token, client_id, device_id, state };
  const given = { clientId: client_id, deviceId: device_id, state };
  const { tokens } = await tokensOf(access, fields, given);
  return { ...access.credentials, user_oauth: tokens };
}

async function tokensOf(
  access: OauthAccess,
  fields: Record<string, string>,
  { clientId, deviceId, state }: { clientId: string; deviceId: string; state: string },
): Promise<{ tokens: VkOauth; userId: string | null; scope: string }> {
  const asked = Date.now();
  const told = await ask(access, `${access.roots?.oauth ?? idRoot}/oauth2/auth`, fields);
  const parsed = v.safeParse(Tokens, told.body);
  if (told.status !== 200 || !parsed.success) throw unusable(told.status);
  const { access_token, refresh_token, expires_in, user_id, scope } = parsed.output;
  if (parsed.output.state !== undefined && parsed.output.state !== state) throw unusable(told.status);
  return {
    tokens: {
      access_token,
      refresh_token,
      device_id: deviceId,
      client_id: clientId,
      expires_at: asked + Math.floor(expires_in * 1000),
      issued_at: asked,
    },
    userId: user_id === undefined ? null : String(user_id),
    scope,
  };
}

/** Where an administrator goes to give this installation tokens of communities. Pure. */
export function communityAuthorizeUrl(given: {
  root?: string | undefined;
  clientId: string;
  redirectUri: string;
  state: string;
  groupIds: readonly string[];
  /** Names, separated by commas. */
  scope: string;
}): string {
  return addressOf(`${given.root ?? communityRoot}/authorize`, {
    client_id: given.clientId,
    redirect_uri: given.redirectUri,
    group_ids: given.groupIds.join(','),
    scope: given.scope,
    response_type: 'code',
    state: given.state,
    v: apiVersion,
  });
}

const Community = v.object({ group_id: v.number(), access_token: Secret });

/** The code for tokens of communities, by group id; they do not expire. Throws {@link NetworkError}. */
export async function exchangeCommunityCode(
  access: OauthAccess,
  given: { clientId: string; clientSecret: string; redirectUri: string; code: string },
): Promise<Readonly<Record<string, string>>> {
  const told = await ask(access, `${access.roots?.community_oauth ?? communityRoot}/access_token`, {
    client_id: given.clientId,
    client_secret: given.clientSecret,
    redirect_uri: given.redirectUri,
    code: given.code,
  });
  const answer = v.safeParse(v.record(v.string(), v.unknown()), told.body);
  if (told.status !== 200 || !answer.success) throw unusable(told.status);
  // VK names them as `access_token_<group>`, and in a list as well.
  const tokens: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.output)) {
    const [, id] = /^access_token_(\d+)$/.exec(name) ?? [];
    if (id !== undefined && v.is(Secret, value)) tokens[id] = value;
  }
  for (const one of Array.isArray(answer.output.groups) ? answer.output.groups : []) {
    if (v.is(Community, one)) tokens[String(one.group_id)] = one.access_token;
  }
  if (Object.keys(tokens).length === 0) throw unusable(told.status);
  return tokens;
}

async function ask(
  access: OauthAccess,
  url: string,
  fields: Record<string, string>,
): Promise<{ status: number; body: unknown }> {
  const { status, text } = await post(url, formBody(fields), access);
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Not JSON: no answer.
  }
  const refusal = v.safeParse(Refusal, body);
  if (refusal.success && status < 500 && (status < 300 || status >= 400))
    throw refused(refusal.output.error, status);
  return { status, body };
}

/** The words of `error_description` stay out: they may repeat the request. */
function refused(error: string, httpStatus: number): NetworkError {
  const code = `vk:${/^[a-z_]{1,40}$/.test(error) ? error : 'oauth'}`;
  if (httpStatus === 429 || error === 'slow_down' || error === 'too_many_requests') {
    return new NetworkError('limited', { code, httpStatus, message: 'Too many requests to VK.' });
  }
  if (error === 'server_error' || error === 'temporarily_unavailable') return unusable(httpStatus);
  if (['invalid_grant', 'invalid_token', 'access_denied', 'invalid_client'].includes(error)) {
    return new NetworkError('auth', {
      code,
      httpStatus,
      message:
        error === 'invalid_client'
          ? 'VK does not accept the application of this installation.'
          : 'VK does not accept this sign-in any more: it was used already, expired or was revoked.',
      nextStep:
        error === 'invalid_client'
          ? 'Check the id and the secret of the VK application.'
          : 'Sign in with VK again.',
    });
  }
  return new NetworkError('rejected', {
    code,
    httpStatus,
    message: 'VK refused the sign-in.',
    nextStep: 'Check the VK application: its id, its secret and its redirect address.',
  });
}

function unusable(httpStatus: number): NetworkError {
  return new NetworkError('unknown', {
    code: httpStatus === 200 ? 'unusable' : `http_${httpStatus}`,
    httpStatus,
    message: 'VK gave no usable answer to the sign-in.',
  });
}

function addressOf(base: string, query: Record<string, string>): string {
  return `${base}?${new URLSearchParams(query)}`;
}

const userScope = 'wall photos video docs groups stats';
const communityScope = 'manage,photos,docs';

/** Both ways to sign in: as a person (VK ID), and as a community by one of its administrators. */
export const vkSignIn: SignIn<VkCredentials> = {
  kinds: {
    user: { title: 'Act as you, as far as VK lets this application', secret: false, places: false },
    community: { title: 'Act as the community', secret: true, places: true },
  },
  begin(kind, roots, { client, redirectUri, state, verifier, places }) {
    const given = { clientId: client.id, redirectUri, state };
    return kind === 'community'
      ? communityAuthorizeUrl({
          ...given,
          root: roots.community_oauth,
          groupIds: places,
          scope: communityScope,
        })
      : authorizeUrl({ ...given, root: roots.oauth, challenge: challengeOf(verifier), scope: userScope });
  },
  async finish(kind, access, request, answer) {
    if (kind === 'community') return finishCommunity(access, request, answer);
    const { tokens, userId } = await exchangeCode(access, {
      clientId: request.client.id,
      redirectUri: request.redirectUri,
      code: needed(answer, 'code'),
      deviceId: needed(answer, 'device_id'),
      verifier: request.verifier,
      state: request.state,
    });
    return {
      credentials: { user_oauth: tokens },
      places: {},
      person: userId === null ? null : { id: userId, name: null },
    };
  },
};

async function finishCommunity(
  access: OauthAccess,
  { client, redirectUri }: SignInRequest,
  answer: Readonly<Record<string, string>>,
) {
  if (client.secret === null) {
    throw new NetworkError('not_sent', {
      code: 'no_client_secret',
      message: 'The secret of the VK application is not set.',
      nextStep: 'Set it, or paste an access token of the community.',
    });
  }
  const tokens = await exchangeCommunityCode(access, {
    clientId: client.id,
    clientSecret: client.secret,
    redirectUri,
    code: needed(answer, 'code'),
  });
  const places = Object.fromEntries(
    Object.entries(tokens).map(([id, community_token]) => [id, { community_token }]),
  );
  return { credentials: {}, places, person: null };
}

function needed(answer: Readonly<Record<string, string>>, name: string): string {
  const value = answer[name];
  if (value !== undefined && value !== '') return value;
  throw new NetworkError('rejected', {
    code: 'sign_in_stopped',
    message: 'VK came back without a permission.',
    nextStep: 'Sign in again and allow what is asked for.',
  });
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
