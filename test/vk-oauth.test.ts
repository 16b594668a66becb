import { expect, test } from 'bun:test';
import * as v from 'valibot';
import type { SignInRequest } from '../src/networks/network.ts';
import { type VkAccess, VkCredentials } from '../src/networks/vk/call.ts';
import { authorizeUrl, communityAuthorizeUrl } from '../src/networks/vk/oauth.ts';
import { vk } from '../src/networks/vk/vk.ts';
import { accessOf, accessWith, connected, group, message, published, useVk, wall } from './vk-ways.ts';
import { closedPort, failureOf, sandbox } from './ways.ts';

useVk();

const redirectUri = 'https://outpost.example/v1/connect/vk/back';
const verifier = 'v'.repeat(64);

/** An application at VK, somebody who may sign in, and what a sign-in needs. */
function application(rights: ('wall' | 'photos' | 'video' | 'docs' | 'groups' | 'stats')[] = []) {
  const app = sandbox.vk.addApp({ redirect_uris: [redirectUri], scopes: rights });
  const person = sandbox.vk.addPerson({ admin_of: [group] });
  const request: SignInRequest = {
    client: { id: String(app.client_id), secret: app.client_secret },
    redirectUri,
    state: 'state-1',
    verifier,
    places: [String(group)],
  };
  const roots = { oauth: sandbox.vkIdRoot, community_oauth: sandbox.vkOauthRoot };
  return { app, person, request, access: { timeout: 5000, roots }, roots };
}

/** Opens the page as somebody who agrees at once; what comes back in the address. */
async function agree(
  url: string,
  more: Record<string, string> = { auto: '1' },
): Promise<Record<string, string>> {
  const page = new URL(url);
  for (const [name, value] of Object.entries(more)) page.searchParams.set(name, value);
  const answer = await fetch(page, { redirect: 'manual' });
  const back = new URL(answer.headers.get('location') ?? 'missing:');
  expect(back.href).toStartWith(redirectUri);
  return Object.fromEntries(back.searchParams);
}

async function signedIn(given: ReturnType<typeof application>) {
  const back = await agree(vk.signIn?.begin('user', given.roots, given.request) ?? '');
  expect(back.state).toBe('state-1');
  const done = await vk.signIn?.finish('user', given.access, given.request, back);
  if (!done) throw new Error('no sign-in');
  return done;
}

function signIn() {
  if (!vk.signIn) throw new Error('no sign-in');
  return vk.signIn;
}

test('goes to the pages of VK, without the verifier', () => {
  const shared = { clientId: '5', redirectUri, state: 's' };
  const user = new URL(authorizeUrl({ ...shared, challenge: 'c', scope: 'wall photos' }));
  expect(user.origin + user.pathname).toBe('https://id.vk.com/authorize');
  expect(Object.fromEntries(user.searchParams)).toEqual({
    response_type: 'code',
    client_id: '5',
    redirect_uri: redirectUri,
    state: 's',
    code_challenge: 'c',
    code_challenge_method: 's256',
    scope: 'wall photos',
  });
  const community = new URL(communityAuthorizeUrl({ ...shared, groupIds: ['1', '2'], scope: 'manage' }));
  expect(community.origin + community.pathname).toBe('https://oauth.vk.com/authorize');
  expect(community.searchParams.get('group_ids')).toBe('1,2');
  const { request } = application();
  for (const kind of Object.keys(signIn().kinds))
    expect(signIn().begin(kind, {}, request)).not.toContain(verifier);
});

test('signs a person in, and publishes with that where VK gave the application the rights', async () => {
  const given = application(['wall', 'photos', 'video', 'docs', 'groups', 'stats']);
  const { credentials, places, person } = await signedIn(given);
  expect(person).toEqual({ id: String(given.person.id), name: null });
  expect(places).toEqual({});
  const { user_oauth } = credentials;
  expect(user_oauth).toMatchObject({ client_id: String(given.app.client_id) });
  expect((user_oauth?.expires_at ?? 0) - (user_oauth?.issued_at ?? 0)).toBe(3_600_000);
  const access = accessOf(credentials);
  const place = await connected(access);
  expect(place.details).toMatchObject({ writes_with: 'user', image_mode: 'photo', manages: true });
  expect(wall((await published(access, place, message())).remoteId).from_id).toBe(-group);
});

test('signs a person in without rights, and says what is missing', async () => {
  const { credentials } = await signedIn(application());
  expect(await failureOf(connected(accessOf(credentials)))).toMatchObject({ code: 'no_right' });
  const both = { ...credentials, ...accessWith('community').credentials };
  const place = await connected(accessOf(both));
  expect(place.capabilities.images.next_step).toContain('was given may not');
});

test('signs a community in by its administrator, with what VK asks for', async () => {
  const { request, access, roots, app } = application();
  const back = await agree(signIn().begin('community', roots, request));
  const { places, credentials } = await signIn().finish('community', access, request, back);
  expect(credentials).toEqual({});
  const own = accessOf(places[String(group)]);
  const place = await connected(own);
  expect(place.capabilities).toMatchObject({
    text: { available: true },
    documents: { available: true },
    updates: { available: true },
  });
  await published(own, place, message());

  const again = await failureOf(signIn().finish('community', access, request, back));
  expect(again).toMatchObject({ kind: 'auth', code: 'vk:invalid_grant' });
  const wrong = { ...request, client: { ...request.client, secret: 'not-the-secret' } };
  const fresh = await agree(signIn().begin('community', roots, request));
  const refused = await failureOf(signIn().finish('community', access, wrong, fresh), 'not-the-secret');
  expect(refused).toMatchObject({ kind: 'auth', code: 'vk:invalid_client' });
  const none = { ...request, client: { id: String(app.client_id), secret: null } };
  expect(await failureOf(signIn().finish('community', access, none, fresh))).toMatchObject({
    kind: 'not_sent',
  });
});

test('tells when the person did not agree, and when the verifier is another', async () => {
  const { request, access, roots } = application();
  const denied = await agree(signIn().begin('user', roots, request), { deny: '1' });
  expect(await failureOf(signIn().finish('user', access, request, denied))).toMatchObject({
    kind: 'rejected',
    code: 'sign_in_stopped',
  });
  const back = await agree(signIn().begin('user', roots, request));
  const other = { ...request, verifier: 'w'.repeat(64) };
  const failed = await failureOf(signIn().finish('user', access, other, back), verifier, back.code ?? '');
  expect(failed).toMatchObject({ kind: 'auth', code: 'vk:invalid_grant' });
});

async function held(): Promise<VkAccess> {
  return accessOf((await signedIn(application())).credentials);
}

test('renews a sign-in: each pair once, and the new one works', async () => {
  const first = await held();
  expect(vk.expiresAt?.(first.credentials)).toBe(first.credentials.user_oauth?.expires_at ?? 0);
  expect(vk.expiresAt?.(accessWith('community and user').credentials)).toBeNull();
  expect(vk.rotating).toEqual(['user_oauth']);
  const renewed = await vk.refresh?.(first);
  expect(v.is(VkCredentials, renewed)).toBe(true);
  const second = accessOf(renewed);
  const [old, fresh] = [first.credentials.user_oauth, second.credentials.user_oauth];
  expect(fresh?.access_token).not.toBe(old?.access_token);
  expect(fresh?.refresh_token).not.toBe(old?.refresh_token);
  expect(fresh).toMatchObject({ device_id: old?.device_id ?? '', client_id: old?.client_id ?? '' });
  expect(fresh?.issued_at).toBeGreaterThanOrEqual(old?.issued_at ?? 0);
  const used = await failureOf(vk.refresh?.(first) ?? Promise.resolve(), old?.refresh_token ?? '');
  expect(used).toMatchObject({ kind: 'auth', code: 'vk:invalid_grant' });
  expect((await vk.refresh?.(second))?.user_oauth?.access_token).toBeString();
});

test('believes no moment that no calendar has', async () => {
  const { user_oauth } = accessWith('VK ID').credentials;
  for (const expires_at of [8.64e15 + 1, Number.MAX_SAFE_INTEGER, 253_402_300_800_000]) {
    expect(v.is(VkCredentials, { user_oauth: { ...user_oauth, expires_at } })).toBe(false);
  }
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () =>
      new Response(
        '{"access_token":"vk2.a.12345678","refresh_token":"vk2.a.87654321","expires_in":1e300,"user_id":1}',
      ),
  });
  try {
    const access = { ...accessWith('VK ID'), roots: { oauth: server.url.origin } };
    const renewed = (await vk.refresh?.(access))?.user_oauth;
    expect((renewed?.expires_at ?? 0) - (renewed?.issued_at ?? 0)).toBe(31_536_000_000);
  } finally {
    await server.stop(true);
  }
});

test('calls a renewal unknown when its answer is lost, and not sent when nobody listens', async () => {
  const method = 'id.oauth2/auth';
  for (const kind of ['drop_after', 'html_502', 'empty_200', 'malformed_json', 'redirect_302'] as const) {
    const access = await held();
    sandbox.fault({ network: 'vk', method, action: { kind } });
    const secret = access.credentials.user_oauth?.refresh_token ?? '';
    const failed = await failureOf(vk.refresh?.(access) ?? Promise.resolve(), secret);
    expect([kind, failed.kind]).toEqual([kind, 'unknown']);
  }
  const access = await held();
  const nowhere = { ...access, roots: { oauth: `http://127.0.0.1:${await closedPort()}` } };
  expect(await failureOf(vk.refresh?.(nowhere) ?? Promise.resolve())).toMatchObject({ kind: 'not_sent' });
  const nothing = accessWith('community');
  expect(await failureOf(vk.refresh?.(nothing) ?? Promise.resolve())).toMatchObject({
    code: 'nothing_to_refresh',
  });
});

test('says that the credential is dead when the access ran out', async () => {
  const given = application(['wall', 'photos']);
  const access = accessOf((await signedIn(given)).credentials);
  const place = await connected(access);
  for (const vkExpired of ['error_5', 'error_1117'] as const) {
    sandbox.configure({ vkExpired });
    sandbox.vk.expireToken({ token: access.credentials.user_oauth?.access_token ?? '' });
    expect(await failureOf(vk.publish(access, place, message(), new Map(), 'k'))).toMatchObject({
      kind: 'auth',
    });
  }
});

test('takes one way to act as a person, and nothing that it does not know', () => {
  const { user_oauth } = accessWith('VK ID').credentials;
  const { user_token, community_token } = accessWith('community and user').credentials;
  expect(v.is(VkCredentials, { user_oauth })).toBe(true);
  expect(v.is(VkCredentials, { user_oauth, community_token })).toBe(true);
  expect(v.is(VkCredentials, { user_oauth, user_token })).toBe(false);
  expect(v.is(VkCredentials, { user_oauth: { ...user_oauth, more: 1 } })).toBe(false);
  expect(v.is(VkCredentials, { user_oauth: { ...user_oauth, device_id: undefined } })).toBe(false);
  expect(v.is(VkCredentials, {})).toBe(false);
  expect(vk.sourceKey?.({ community_token: 'x'.repeat(9) }, '45')).toBe('vk:group:45');
  expect(vk.sourceKey?.({ community_token: 'x'.repeat(9) }, null)).toBeNull();
});
