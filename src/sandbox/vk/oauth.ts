import { createHash, randomBytes } from 'node:crypto';
import type { Core, Reply } from '../core.ts';
import type { VkApp, VkPerson, VkRefreshToken, VkToken } from '../state.ts';
import { maskOf, SCOPE_NAMES, SCOPES } from './call.ts';
import { choicePage, errorPage, redirect } from './login-page.ts';
import { runsCommunity } from './records.ts';

const CODE_MS = 600_000;
const VERIFIER = /^[A-Za-z0-9_-]{43,128}$/;

/** What a VK ID app may have without anybody's leave; they open no community. */
const EVERYONES = ['vkid.personal_info', 'email', 'phone'];

interface Code {
  dialect: Dialect;
  client_id: number;
  redirect_uri: string;
  person: VkPerson;
  device_id: string;
  challenge: string;
  scope: string;
  groups: number[];
  until: number;
}

/** `id` = VK ID, OAuth 2.1 (id.vk.com) · `oauth` = the older one for tokens of communities (oauth.vk.com). */
export type Dialect = 'id' | 'oauth';

export interface OAuth {
  /** Answers an address below the root of a dialect. */
  answer(
    dialect: Dialect,
    path: string,
    request: { method: string; query: string; params: Record<string, unknown> },
  ): Reply;
  reset(): void;
}

/** A refusal in OAuth's form. */
class OAuthRefusal extends Error {
  constructor(
    readonly error: string,
    description: string,
    readonly status = 400,
  ) {
    super(description);
  }
}

/** A refusal of the login page, which may not be sent to an address that nobody vouches for. */
class PageRefusal extends Error {}

/** Logins: https://id.vk.com/about/business/go/docs/en/vkid/latest/vk-id/connection/api-description. */
export function createOAuth(core: Core): OAuth {
  const { state } = core;
  const codes = new Map<string, Code>();

  function appOf(given: string | undefined): VkApp {
    const app = state.vkApps.get(Number(given));
    if (!app) throw new OAuthRefusal('invalid_client', 'client_id is incorrect', 401);
    return app;
  }

  function authorize(dialect: Dialect, query: string, params: Params): Reply {
    const app = state.vkApps.get(Number(params.client_id));
    if (!app) throw new PageRefusal('client_id is incorrect');
    const target = params.redirect_uri ?? '';
    // Anything else than an exact match would make the login an open redirect.
    if (!app.redirect_uris.includes(target)) throw new PageRefusal('redirect_uri is not trusted');
    const back = (values: Record<string, string>) =>
      redirect(target, { ...values, state: params.state ?? '' });
    const refuse = (error: string, error_description: string) => back({ error, error_description });
    if (params.response_type !== 'code') return refuse('unsupported_response_type', 'only code is supported');
    const groups = (params.group_ids ?? '').split(',').filter(Boolean).map(Number);
    if (dialect === 'id') {
      if (!params.state) throw new PageRefusal('state is missing');
      if (!/^[A-Za-z0-9_-]{43}$/.test(params.code_challenge ?? ''))
        return refuse('invalid_request', 'code_challenge is missing or invalid');
      if (params.code_challenge_method?.toLowerCase() !== 's256')
        return refuse('invalid_request', 'code_challenge_method should be s256');
    } else if (groups.length === 0)
      return refuse('invalid_request', 'group_ids is missing: apps get no tokens of people here');
    if (params.deny) return refuse('access_denied', 'User denied your request');

    const people = [...state.vkPeople.values()];
    const person = params.user
      ? state.vkPeople.get(Number(params.user))
      : params.auto
        ? people.at(-1)
        : undefined;
    if (!person) {
      if (params.user || params.auto) throw new PageRefusal('nobody to log in: add a person first');
      return choicePage(app, people, query, groups);
    }
    const foreign = groups.find((group) => {
      const role = state.communities.get(group)?.managers[String(person.id)];
      return role !== 'administrator' && role !== 'creator';
    });
    if (foreign !== undefined)
      return refuse('access_denied', `Access denied: you are no administrator of the community ${foreign}`);
    const code = `vk2.a.${randomBytes(32).toString('base64url')}`;
    const device_id = dialect === 'id' ? randomBytes(32).toString('base64url') : '';
    codes.set(code, {
      dialect,
      client_id: app.client_id,
      redirect_uri: target,
      person,
      device_id,
      challenge: params.code_challenge ?? '',
      scope: params.scope ?? '',
      groups,
      until: Date.now() + CODE_MS,
    });
    const more = { device_id, type: 'code_v2', expires_in: String(CODE_MS / 1000) };
    return back({ code, ...(dialect === 'id' ? more : {}) });
  }

  /** The login behind a code, which is good once, for the app and address that it was made for. */
  function takeCode(dialect: Dialect, app: VkApp, params: Params): Code {
    const code = codes.get(params.code ?? '');
    if (!code || code.dialect !== dialect || code.until < Date.now())
      throw new OAuthRefusal('invalid_grant', 'Code is invalid or expired');
    codes.delete(params.code ?? '');
    if (code.client_id !== app.client_id) throw new OAuthRefusal('invalid_grant', 'Code is of another app');
    if (code.redirect_uri !== params.redirect_uri)
      throw new OAuthRefusal('invalid_grant', 'redirect_uri is another one');
    return code;
  }

  function exchange(params: Params): Reply {
    const app = appOf(params.client_id);
    if (params.grant_type === 'refresh_token') return refresh(app, params);
    if (params.grant_type !== 'authorization_code')
      throw new OAuthRefusal('unsupported_grant_type', 'grant_type is unknown');
    if (!VERIFIER.test(params.code_verifier ?? ''))
      throw new OAuthRefusal('invalid_request', 'code_verifier is missing or invalid');
    const code = takeCode('id', app, params);
    if (code.device_id !== params.device_id)
      throw new OAuthRefusal('invalid_grant', 'device_id is another one');
    const challenge = createHash('sha256')
      .update(params.code_verifier ?? '')
      .digest('base64url');
    if (challenge !== code.challenge) throw new OAuthRefusal('invalid_grant', 'code_verifier does not fit');
    const family = randomBytes(12).toString('hex');
    const login = { family, client_id: app.client_id, user_id: code.person.id, device_id: code.device_id };
    const issued = issue(app, { ...login, scope: scopeFor(app, code.scope) });
    return answer(200, { ...issued, id_token: idToken(code.person, app), state: params.state ?? '' });
  }

  function refresh(app: VkApp, params: Params): Reply {
    const known = state.vkRefreshTokens.get(params.refresh_token ?? '');
    if (!known || known.client_id !== app.client_id || known.revoked)
      throw new OAuthRefusal('invalid_grant', 'refresh_token is invalid');
    if (known.device_id !== params.device_id)
      throw new OAuthRefusal('invalid_grant', 'device_id is another one');
    if (known.used) {
      if (core.settings.vkRefreshReuse === 'revoke_family') endLogin(known.family);
      throw new OAuthRefusal('invalid_grant', 'refresh_token was used before');
    }
    state.save('vk_refresh', Object.assign(known, { used: true }));
    return answer(200, { ...issue(app, known), state: params.state ?? '' });
  }

  function issue(
    app: VkApp,
    login: Pick<VkRefreshToken, 'family' | 'client_id' | 'user_id' | 'device_id' | 'scope'>,
  ): Record<string, unknown> {
    const { family, client_id, user_id, device_id, scope } = login;
    const seconds = core.settings.vkTokenSeconds;
    const person = String(user_id);
    const runs = [...state.communities.values()].filter((community) =>
      runsCommunity(community.managers[person]),
    );
    const token: VkToken = {
      token: newToken('vk2.a.'),
      label: `vkid_user:${user_id}`,
      kind: 'vkid_user',
      group_id: 0,
      user_id,
      scopes: maskOf(scope.split(' ')) & app.rights,
      admin_of: runs.map((community) => community.id),
      refuse_docs: false,
      revoked: false,
      expires_at: Date.now() + seconds * 1000,
      extended: app.rights !== 0,
      client_id,
      family,
      issued_by: 0,
    };
    const next: VkRefreshToken = {
      token: newToken('vk2.a.'),
      family,
      client_id,
      user_id,
      device_id,
      scope,
      used: false,
      revoked: false,
    };
    state.save('vk_token', token);
    state.save('vk_refresh', next);
    return {
      access_token: token.token,
      refresh_token: next.token,
      token_type: 'Bearer',
      expires_in: seconds,
      user_id,
      scope,
    };
  }

  function endLogin(family: string): void {
    for (const token of state.vkTokens.values())
      if (token.family === family) state.save('vk_token', Object.assign(token, { revoked: true }));
    for (const token of state.vkRefreshTokens.values())
      if (token.family === family) state.save('vk_refresh', Object.assign(token, { revoked: true }));
  }

  /** The living access token of a call about itself. */
  function ownToken(params: Params): VkToken {
    const app = appOf(params.client_id);
    const token = state.vkTokens.get(params.access_token ?? '');
    const alive = token && !token.revoked && token.expires_at > Date.now();
    if (!alive || token.client_id !== app.client_id)
      throw new OAuthRefusal('invalid_token', 'access_token is invalid or expired', 401);
    return token;
  }

  function userInfo(params: Params): Reply {
    const token = ownToken(params);
    const person = state.vkPeople.get(token.user_id);
    const avatar = `${core.url}/files/community.png`;
    const user = { user_id: String(token.user_id), avatar, email: person?.email ?? '', phone: '' };
    return answer(200, {
      user: { ...user, first_name: person?.first_name ?? '', last_name: person?.last_name ?? '' },
    });
  }

  /** Tokens of communities; nobody refreshes them, they live until they are revoked. */
  function communityTokens(params: Params): Reply {
    const app = appOf(params.client_id);
    if (params.client_secret !== app.client_secret)
      throw new OAuthRefusal('invalid_client', 'client_secret is incorrect', 401);
    const code = takeCode('oauth', app, params);
    const mask = /^\d+$/.test(code.scope) ? Number(code.scope) : maskOf(code.scope.split(/[ ,]+/));
    const groups = code.groups.map((group_id) => {
      const token: VkToken = {
        token: newToken('vk1.a.'),
        label: `community:${group_id}`,
        kind: 'community',
        group_id,
        user_id: 0,
        scopes: mask,
        admin_of: [],
        refuse_docs: false,
        revoked: false,
        expires_at: 0,
        extended: false,
        client_id: app.client_id,
        family: '',
        issued_by: code.person.id,
      };
      state.save('vk_token', token);
      return { group_id, access_token: token.token };
    });
    const byName = groups.map(({ group_id, access_token }) => [`access_token_${group_id}`, access_token]);
    return answer(200, { ...Object.fromEntries(byName), groups, expires_in: 0 });
  }

  function handle(dialect: Dialect, path: string, method: string, query: string, params: Params): Reply {
    if (path === 'authorize' && method === 'GET') return authorize(dialect, query, params);
    if (dialect === 'oauth' && path === 'access_token') return communityTokens(params);
    if (dialect === 'id' && method === 'POST') {
      if (path === 'oauth2/auth') return exchange(params);
      if (path === 'oauth2/user_info') return userInfo(params);
      if (path === 'oauth2/revoke' || path === 'oauth2/logout') {
        endLogin(ownToken(params).family);
        return answer(200, { response: 1 });
      }
    }
    throw new OAuthRefusal('not_found', 'no such address', 404);
  }

  return {
    answer(dialect, path, { method, query, params: given }) {
      const params: Params = {};
      for (const [name, value] of Object.entries(given)) params[name] = String(value);
      try {
        return handle(dialect, path, method, query, params);
      } catch (error) {
        if (error instanceof PageRefusal) return errorPage(error.message);
        if (!(error instanceof OAuthRefusal)) throw error;
        return answer(error.status, { error: error.error, error_description: error.message });
      }
    },
    reset: () => codes.clear(),
  };
}

type Params = Record<string, string | undefined>;

/** The rights of a login: what everybody may have, and what the app was granted of the rest. */
function scopeFor(app: VkApp, asked: string): string {
  const granted = SCOPE_NAMES.filter((name) => (app.rights & SCOPES[name]) !== 0);
  const names = asked.split(/[ ,]+/).filter((name) => [...EVERYONES, ...granted].includes(name));
  return [...new Set(['vkid.personal_info', ...names])].join(' ');
}

function newToken(prefix: string): string {
  return prefix + randomBytes(48).toString('base64url');
}

/** Not signed: nobody is told a key to check it with. */
function idToken(person: VkPerson, app: VkApp): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: 'VK', sub: person.id, app: app.client_id, iat: now, exp: now + 3600 };
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
}

function answer(status: number, value: Record<string, unknown>): Reply {
  const outcome = typeof value.error === 'string' ? value.error : String(status);
  return {
    status,
    type: 'application/json; charset=utf-8',
    body: JSON.stringify(value),
    outcome,
    headers: { 'cache-control': 'no-store' },
  };
}
