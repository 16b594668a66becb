import { afterEach, expect, test } from 'bun:test';
import { openRound, type Round, seed } from './round.ts';

let round: Round;
afterEach(() => round.close(), 30_000);

test('a kill in the middle of a token renewal loses the sign-in at its end and says so before, never a post', async () => {
  round = await openRound();
  const app = round.sandbox.vk.addApp({ redirect_uris: ['http://localhost/v1/oauth/vk/callback'] });
  const env = { VK_CLIENT_ID: String(app.client_id), VK_CLIENT_SECRET: app.client_secret };
  const group = round.sandbox.addCommunity({ screen_name: 'renewal', name: 'Renewal' });
  const person = round.sandbox.vk.addPerson({ first_name: 'Vera', admin_of: [group.id] });
  round.sandbox.vk.grantScopes({ client_id: app.client_id, scopes: ['wall', 'photos', 'offline'] });

  const first = await round.spawn({ env });
  const seeded = await seed(round, first, { vkUserToken: true });
  const { cookie } = await first.ask<{ cookie: string }>('POST', '/v1/auth/login', {
    email: 'faults@example.com',
    password: seeded.secrets[4],
  });
  const connection = await first.ask<{ id: string; authorize_url: string }>(
    'POST',
    '/v1/connections',
    { network: 'vk', kind: 'user' },
    { cookie },
  );
  const allowed = await fetch(`${connection.authorize_url}&user=${person.id}`, { redirect: 'manual' });
  const back = new URL(allowed.headers.get('location') ?? '');
  expect((await fetch(`${first.url}${back.pathname}${back.search}`, { headers: { cookie } })).status).toBe(
    200,
  );
  const key = { authorization: `Bearer ${seeded.key}` };
  const community = await first.ask<{ id: string }>(
    'POST',
    '/v1/communities',
    { network: 'vk', connection_id: connection.id, external_id: 'renewal' },
    key,
  );

  // Every access is taken for ending: the send renews it first, and dies before the new pair is kept.
  const durations = { refreshBefore: 4_000_000 };
  const doomed = await round.spawn({ env, durations });
  await doomed.killAt('during_token_refresh');
  await doomed
    .ask(
      'POST',
      '/v1/posts',
      { text: 'after the renewal', community_ids: [community.id], publish_now: true },
      key,
    )
    .catch(() => null);
  await doomed.process.exited;
  expect(String(doomed.process.signalCode)).toBe('SIGKILL');

  const last = await round.spawn({ env, durations });
  const state = async (text: string) => {
    const [row] = await round.sql()<
      { state: string; hold_reason: string | null; status: string; reason: string; warnings: object[] }[]
    >`
      select p.state, p.hold_reason, c.status, c.status_reason as reason, c.warnings
      from publications p join communities c on c.id = p.community_id join posts on posts.id = p.post_id
      where c.id = ${community.id} and posts.text = ${text}`;
    return row;
  };
  const sent = () => round.sandbox.ledger().filter((row) => row.event === 'accepted');
  // The pair that it had is good to its end.
  await round.until(
    'it is out',
    20_000,
    async () => (await state('after the renewal'))?.state === 'published',
  );
  expect(await state('after the renewal')).toMatchObject({
    status: 'active',
    warnings: [{ code: 'expires_soon', message: expect.stringContaining('sign in again before') }],
  });
  expect(sent().length).toBe(1);

  await round.sql()`update access_grants set expires_at = now()`;
  const post = { text: 'after the end', community_ids: [community.id], publish_now: true };
  await last.ask('POST', '/v1/posts', post, key);
  await round.until('it waits', 20_000, async () => (await state('after the end'))?.state === 'held');
  expect(await state('after the end')).toMatchObject({
    hold_reason: 'reauth',
    status: 'needs_reauth',
    reason: expect.stringContaining('answer was lost'),
  });
  expect(sent().length).toBe(1);
}, 90_000);
