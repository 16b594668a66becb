import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
beforeAll(async () => {
  p = await openPublishing({
    durations: {
      drift: 200,
      driftChecks: [300, 1_500, 3_000, 6_000],
      actRetry: [50, 100, 200, 400],
      threadWait: 1_500,
      actAway: 200,
    },
  });
  await p.start();
}, 30_000);
afterAll(() => p.close());

async function published(to: Connected, body: object): Promise<{ postId: string; publication: string }> {
  const made = await p.ask('POST', '/v1/posts', { community_ids: [to.id], publish_now: true, ...body });
  expect([made.status, made.body.errors]).toEqual([201, undefined]);
  const [one] = await p.reaches(made.body.id, 'published');
  return { postId: made.body.id, publication: one?.id ?? '' };
}

interface ActSeen {
  id: string;
  kind: string;
  state: string;
  error: { code: string; message: string } | null;
  actions: string[];
}

async function acts(postId: string): Promise<ActSeen[]> {
  const { body } = await p.ask('GET', `/v1/posts/${postId}/publications`);
  return body.data.flatMap((one: { acts: ActSeen[] }) => one.acts);
}

/** Waits until every act of the post is over, and answers them. */
async function over(
  postId: string,
  states = ['done', 'failed', 'cancelled', 'unconfirmed'],
): Promise<ActSeen[]> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const all = await acts(postId);
    if (all.length > 0 && all.every((act) => states.includes(act.state))) return all;
    if (Date.now() > deadline) throw new Error(`not over: ${JSON.stringify(all)}`);
    await Bun.sleep(25);
  }
}

const calls = (method: string, place: number) =>
  p.sandbox
    .ledger()
    .filter(
      (row) =>
        row.method === method && row.event === 'request' && Math.abs(Number(row.place)) === Math.abs(place),
    );

/** The texts that a visitor of the place sees now. */
const standing = (to: Connected) =>
  p.sandbox
    .posts()
    .filter((place) => Math.abs(Number(place.place)) === Math.abs(to.place))
    .flatMap((place) => place.posts.map((post) => post.text));

describe.each(['telegram', 'vk'] as const)('on %s', (network) => {
  const connect = () => (network === 'telegram' ? p.telegram() : p.vk());
  const editing = network === 'telegram' ? 'editMessageText' : 'wall.edit';
  const removing = network === 'telegram' ? 'deleteMessage' : 'wall.delete';

  test('an edit of a published post changes it there, once', async () => {
    const to = await connect();
    const { postId } = await published(to, { text: 'first words' });
    const edit = await p.ask('PATCH', `/v1/posts/${postId}`, { text: 'better words' });
    expect([edit.status, edit.body.errors]).toEqual([200, undefined]);
    expect((await over(postId)).map((act) => [act.kind, act.state])).toEqual([['edit', 'done']]);
    expect(calls(editing, to.place).length).toBe(1);
    expect(standing(to)).toEqual(['better words']);
  });

  test('a deletion removes it there; what is gone takes no further act', async () => {
    const to = await connect();
    const { postId, publication } = await published(to, { text: 'short life' });
    const wish = await p.ask('POST', `/v1/publications/${publication}/delete`);
    expect([wish.status, wish.body.kind]).toEqual([202, 'delete']);
    await over(postId);
    const { body } = await p.ask('GET', `/v1/posts/${postId}`);
    const [one] = body.publications;
    expect([one.state, one.removed_by, one.actions]).toEqual(['published', 'outpost', []]);
    expect(calls(removing, to.place).length).toBe(1);
    const again = await p.ask('POST', `/v1/publications/${publication}/pin`);
    expect([again.status, again.body.code]).toEqual([409, 'wrong_state']);
  });

  test('pin, then unpin', async () => {
    const to = await connect();
    const { postId, publication } = await published(to, { text: 'on top' });
    await p.ask('POST', `/v1/publications/${publication}/pin`);
    await over(postId);
    expect((await p.ask('GET', `/v1/posts/${postId}`)).body.publications[0].pinned).toBe(true);
    await p.ask('POST', `/v1/publications/${publication}/unpin`);
    await over(postId);
    expect((await p.ask('GET', `/v1/posts/${postId}`)).body.publications[0].pinned).toBe(false);
  });

  test('a lost answer to an edit or a deletion is asked for again: the second time changes nothing', async () => {
    const to = await connect();
    const { postId, publication } = await published(to, { text: 'lost and found' });
    p.sandbox.fault({ network, method: editing, action: { kind: 'drop_after' } });
    await p.ask('PATCH', `/v1/posts/${postId}`, { text: 'found again' });
    expect((await over(postId)).map((act) => act.state)).toEqual(['done']);
    p.sandbox.fault({ network, method: removing, action: { kind: 'drop_after' } });
    await p.ask('POST', `/v1/publications/${publication}/delete`);
    expect((await over(postId)).map((act) => act.state)).toEqual(['done', 'done']);
  });
});

test('a picture is swapped and buttons are changed on a published post', async () => {
  const [channel, group] = [await p.telegram(), await p.vk()];
  const [before, after] = [await p.picture(), await p.picture(undefined, '#aa2277')];
  const made = await p.ask('POST', '/v1/posts', {
    text: 'with a picture',
    media_ids: [before],
    community_ids: [channel.id, group.id],
    publish_now: true,
  });
  await p.reaches(made.body.id, 'published');
  const pictureOf = (to: Connected) =>
    p.sandbox
      .posts()
      .filter((place) => Math.abs(Number(place.place)) === Math.abs(to.place))
      .flatMap((place) => place.posts.flatMap((post) => post.media.map((item) => item.url)));
  const was = [pictureOf(channel), pictureOf(group)];
  const buttons = [[{ text: 'Open', url: 'https://example.com/' }]];
  const edit = await p.ask('PATCH', `/v1/posts/${made.body.id}`, {
    media_ids: [after],
    overrides: { telegram: { options: { buttons } } },
  });
  expect([edit.status, edit.body.errors]).toEqual([200, undefined]);
  expect((await over(made.body.id)).map((act) => [act.kind, act.state, act.error])).toEqual([
    ['edit', 'done', null],
    ['edit', 'done', null],
  ]);
  const is = [pictureOf(channel), pictureOf(group)];
  expect(is.map((urls) => urls.length)).toEqual([1, 1]);
  expect(is.map((urls, n) => urls[0] === was[n]?.[0])).toEqual([false, false]);
  const [post] = p.sandbox.posts().find((place) => place.place === String(channel.place))?.posts ?? [];
  expect(post?.buttons).toEqual(buttons);

  const poll = { question: 'Now?', options: ['Yes', 'No'] };
  const refused = await p.ask('PATCH', `/v1/posts/${made.body.id}`, { poll });
  expect([refused.status, refused.body.errors[0].path]).toEqual([422, '/poll']);
});

describe('a comment', () => {
  test('under a VK post goes out once, whatever becomes of its answer', async () => {
    const to = await p.vk();
    const { postId } = await published(to, { text: 'talk to us', first_comment: { text: 'the first word' } });
    expect((await over(postId)).map((act) => [act.kind, act.state])).toEqual([['comment', 'done']]);
    expect(calls('wall.createComment', to.place).length).toBe(1);

    const lost = await published(to, { text: 'lost talk' });
    p.sandbox.fault({ network: 'vk', method: 'wall.createComment', action: { kind: 'drop_after' } });
    await p.ask('POST', `/v1/publications/${lost.publication}/comment`, { text: 'heard all the same' });
    expect((await over(lost.postId)).map((act) => act.state)).toEqual(['done']);
    expect(calls('wall.createComment', to.place).length).toBe(2);
  });

  test('that never arrived is sent again once two reads agree that it is not there', async () => {
    const to = await p.vk();
    const { postId, publication } = await published(to, { text: 'silence' });
    p.sandbox.fault({ network: 'vk', method: 'wall.createComment', action: { kind: 'drop_before' } });
    await p.ask('POST', `/v1/publications/${publication}/comment`, { text: 'breaks the silence' });
    expect((await over(postId)).map((act) => act.state)).toEqual(['done']);
    expect(calls('wall.createComment', to.place).length).toBe(1);
  });
});

test('an edit that the network cannot make is refused before anything is kept', async () => {
  const to = await p.telegram();
  const { postId } = await published(to, { text: 'stays as it is' });
  const answer = await p.ask('PATCH', `/v1/posts/${postId}`, { text: 'x'.repeat(4097) });
  expect([answer.status, answer.body.errors[0].path]).toEqual([422, '/text']);
  const timed = await p.ask('PATCH', `/v1/posts/${postId}`, { publish_now: true });
  expect([timed.status, timed.body.code]).toEqual([409, 'wrong_state']);
  expect((await p.ask('GET', `/v1/posts/${postId}`)).body.text).toBe('stays as it is');
});

test('a second edit that comes while the first is under way has the last word', async () => {
  const to = await p.telegram();
  const { postId } = await published(to, { text: 'version 0' });
  p.sandbox.fault({ network: 'telegram', method: 'editMessageText', action: { kind: 'delay', ms: 400 } });
  await p.ask('PATCH', `/v1/posts/${postId}`, { text: 'version 1' });
  await Bun.sleep(150);
  await p.ask('PATCH', `/v1/posts/${postId}`, { text: 'version 2' });
  await over(postId);
  expect(standing(to)).toEqual(['version 2']);
});

test('pin, comment and deletion that a post asks for follow by themselves', async () => {
  const to = await p.telegram();
  const { postId } = await published(to, {
    text: 'for a moment',
    overrides: { telegram: { options: { pin: true, delete_after_hours: 0.0003 } } },
  });
  const all = await over(postId);
  expect(all.map((act) => [act.kind, act.state]).sort()).toEqual([
    ['delete', 'done'],
    ['pin', 'done'],
  ]);
});

test('what the network cut or removed is noticed', async () => {
  const to = await p.vk();
  const cut = await published(to, { text: 'a long text that somebody will cut in the middle' });
  const gone = await published(to, { text: 'a text that somebody will remove' });
  const idOf = async (postId: string) =>
    Number((await p.ask('GET', `/v1/posts/${postId}`)).body.publications[0].remote_id);
  p.sandbox.vk.truncatePost({ group: to.place, post_id: await idOf(cut.postId), text: 10 });
  p.sandbox.vk.deleteByPerson({ group: to.place, post_id: await idOf(gone.postId) });
  const deadline = Date.now() + 10_000;
  for (;;) {
    const seen = await Promise.all(
      [cut, gone].map(async ({ postId }) => (await p.ask('GET', `/v1/posts/${postId}`)).body.publications[0]),
    );
    if (seen.every((one) => one.drift !== null)) {
      expect(seen.map((one) => [one.drift.kind, one.removed_by])).toEqual([
        ['cut', null],
        ['removed', 'network'],
      ]);
      return;
    }
    if (Date.now() > deadline) throw new Error('not noticed');
    await Bun.sleep(50);
  }
});

test('many acts with one token all end, each at its turn', async () => {
  const to = await p.vk();
  const posts = [];
  for (let n = 0; n < 8; n += 1) posts.push(await published(to, { text: `one of many, ${n}` }));
  for (const { publication } of posts) await p.ask('POST', `/v1/publications/${publication}/delete`);
  for (const { postId } of posts) {
    expect((await over(postId)).map((act) => [act.kind, act.state])).toEqual([['delete', 'done']]);
  }
  expect(standing(to)).toEqual([]);
}, 60_000);

test('a comment of unknown outcome is put to a person when its community goes away, never called failed', async () => {
  const to = await p.vk();
  const { postId, publication } = await published(to, { text: 'left alone' });
  p.sandbox.fault({ network: 'vk', method: 'wall.createComment', action: { kind: 'drop_after' } });
  p.sandbox.fault({ network: 'vk', method: 'wall.getComments', action: { kind: 'delay', ms: 900 } });
  await p.ask('POST', `/v1/publications/${publication}/comment`, { text: 'was it heard' });
  await over(postId, ['confirming']);
  expect((await p.ask('DELETE', `/v1/communities/${to.id}`)).status).toBe(204);
  const [act] = await over(postId, ['unconfirmed', 'done']);
  if (act?.state === 'unconfirmed') {
    expect(act.actions).toEqual(['confirm', 'absent', 'discard']);
    expect((await p.ask('POST', `/v1/acts/${act.id}/confirm`)).body.state).toBe('done');
  }
  expect(calls('wall.createComment', to.place).length).toBe(1);
});

test('acts wait for a community that is away', async () => {
  const to = await p.telegram();
  const { postId, publication } = await published(to, { text: 'waits for the end' });
  await p.test.ctx.sql`update communities set status = 'needs_reauth' where id = ${to.id}`;
  await p.ask('POST', `/v1/publications/${publication}/delete`);
  await Bun.sleep(600);
  expect((await acts(postId)).map((act) => act.state)).toEqual(['scheduled']);
  await p.test.ctx.sql`update communities set status = 'active' where id = ${to.id}`;
  expect((await over(postId)).map((act) => act.state)).toEqual(['done']);
});

test('an edit that is refused does not take a newer one down with it', async () => {
  const to = await p.telegram();
  const { postId } = await published(to, { text: 'draft 0' });
  p.sandbox.fault({
    network: 'telegram',
    method: 'editMessageText',
    match: { text_contains: 'draft 1' },
    action: { kind: 'telegram_error', error_code: 400, description: 'Bad Request: no' },
  });
  await p.ask('PATCH', `/v1/posts/${postId}`, { text: 'draft 1' });
  await p.ask('PATCH', `/v1/posts/${postId}`, { text: 'draft 2' });
  await over(postId);
  expect(standing(to)).toEqual(['draft 2']);
});

test('posts of a community that is away do not keep drift checks from the others', async () => {
  const [away, near] = [await p.telegram(), await p.vk()];
  const { postId } = await published(near, { text: 'removed by somebody' });
  const { publication } = await published(away, { text: 'cannot be read' });
  await p.test.ctx.sql`update communities set status = 'needs_reauth' where id = ${away.id}`;
  await p.test.ctx.sql`
    insert into publications (id, workspace_id, post_id, community_id, network, part, state, due_at, next_try_at, late_at,
      content_version, published_at, drift_check_at)
    select gen_random_uuid(), workspace_id, post_id, community_id, network, 100 + n, 'published', due_at, next_try_at, late_at,
      content_version, published_at, '2000-01-01'
    from publications, generate_series(1, 150) n where id = ${publication}`;
  const remote = Number((await p.ask('GET', `/v1/posts/${postId}`)).body.publications[0].remote_id);
  p.sandbox.vk.deleteByPerson({ group: near.place, post_id: remote });
  const deadline = Date.now() + 10_000;
  while ((await p.ask('GET', `/v1/posts/${postId}`)).body.publications[0].drift === null) {
    if (Date.now() > deadline) throw new Error('not noticed');
    await Bun.sleep(50);
  }
}, 20_000);
