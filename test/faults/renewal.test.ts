import { afterEach, expect, test } from 'bun:test';
import { openRound, type Round, seed } from './round.ts';

let round: Round;
afterEach(() => round.close(), 30_000);

test('a kill in the middle of a token renewal loses the sign-in and says so, never a post', async () => {
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
  first.process.kill('SIGTERM');
  await first.process.exited;

  // Every access is taken for ending: the send renews it first, and dies before the new pair is kept.
  const durations = { refreshBefore: 4_000_000 };
  const doomed = await round.spawn({ env, durations, killAt: { point: 'during_token_refresh', nth: 1 } });
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

  await round.spawn({ env, durations });
  const state = () => round.sql()<
    { state: string; hold_reason: string | null; status: string; status_reason: string }[]
  >`
    select p.state, p.hold_reason, c.status, c.status_reason
    from publications p join communities c on c.id = p.community_id where c.id = ${community.id}`;
  await round.until('it waits for a person', 20_000, async () => (await state())[0]?.state === 'held');
  const [held] = await state();
  expect([held?.hold_reason, held?.status]).toEqual(['reauth', 'needs_reauth']);
  expect(held?.status_reason).toBeTruthy();
  expect(round.sandbox.ledger().filter((row) => row.event === 'accepted')).toEqual([]);
}, 90_000);
