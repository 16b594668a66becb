import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { FaultAction } from '../src/sandbox/faults.ts';
import { someId } from './harness.ts';
import { type Connected, openPublishing, type Publications, type Publishing } from './publishing.ts';

let p: Publishing;
beforeAll(async () => {
  p = await openPublishing();
  await p.start();
}, 30_000);
afterAll(() => p.close());

const acts = ['retry', 'dismiss', 'restore', 'release', 'confirm', 'absent', 'discard', 'cancel'] as const;
/** What is offered for a published one: these have tests of their own. */
const afterwards = ['delete', 'pin', 'unpin', 'comment'];
type Act = (typeof acts)[number];
type One = Publications[number];

const soon = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();
const refusal: FaultAction = {
  kind: 'telegram_error',
  error_code: 403,
  description: 'Forbidden: bot is not a member of the channel chat',
};

/** One post to one place; faults meet only its own text. */
async function post(to: Connected, text: string, body: object, ...faults: FaultAction[]): Promise<string> {
  const method = to.network === 'telegram' ? 'sendMessage' : 'wall.post';
  for (const action of faults) {
    p.sandbox.fault({ network: to.network, method, match: { text_contains: text }, action });
  }
  const answer = await p.ask('POST', '/v1/posts', { text, community_ids: [to.id], ...body });
  expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
  return answer.body.id;
}

async function reaches(postId: string, state: string, milliseconds?: number): Promise<One> {
  const [one] = await p.reaches(postId, state, milliseconds);
  if (!one) throw new Error('the post has no publication');
  return one;
}

const act = (one: Pick<One, 'id'>, name: Act, body?: object) =>
  p.ask('POST', `/v1/publications/${one.id}/${name}`, body ?? (name === 'confirm' ? {} : undefined));

async function done(one: Pick<One, 'id'>, name: Act, body?: object): Promise<One> {
  const answer = await act(one, name, body);
  expect([answer.status, answer.body.detail]).toEqual([200, undefined]);
  return answer.body;
}

function accepted(text: string) {
  return p.sandbox.ledger().filter((row) => row.event === 'accepted' && row.text === text);
}

async function unconfirmed(to: Connected, text: string, kind: 'drop_before' | 'drop_after' = 'drop_after') {
  const postId = await post(to, text, { publish_now: true }, { kind });
  return { postId, one: await reaches(postId, 'unconfirmed') };
}

/** Held for being late: its community was away when it was due. */
async function late(text: string) {
  const away = await p.telegram();
  const postId = await post(away, text, { scheduled_at: soon(250) });
  await p.ask('DELETE', `/v1/communities/${away.id}`);
  const held = await reaches(postId, 'held');
  expect([held.hold_reason, held.actions]).toEqual(['disconnected', ['discard']]);
  const early = await act(held, 'release');
  expect([early.status, early.body.code]).toEqual([409, 'wrong_state']);
  await Bun.sleep(Math.max(0, Date.parse(held.due_at) - Date.now() + 20));
  const back = await p.ask('POST', '/v1/communities', {
    network: 'telegram',
    credentials: { bot_token: away.tokens[0] },
    external_id: String(away.place),
  });
  expect([back.status, back.body.id]).toEqual([201, away.id]);
  const one = await reaches(postId, 'held');
  expect([one.hold_reason, one.actions]).toEqual(['late', ['release', 'discard']]);
  return { postId, one, away };
}

describe('a publication', () => {
  const allowed: Record<string, readonly Act[]> = {
    scheduled: ['cancel'],
    held: ['release', 'discard', 'cancel'],
    sending: [],
    confirming: [],
    unconfirmed: ['confirm', 'absent', 'discard'],
    published: [],
    failed: ['retry', 'dismiss', 'restore'],
    cancelled: [],
  };
  const made: Record<string, () => Promise<string>> = {
    scheduled: async () => post(await p.telegram(), 'is scheduled', { scheduled_at: soon(3_600_000) }),
    held: async () => (await late('is held')).postId,
    sending: async () => post(await p.vk(), 'is sending', { publish_now: true }, { kind: 'delay', ms: 700 }),
    confirming: async () =>
      post(await p.vk(), 'is confirming', { publish_now: true }, { kind: 'drop_before' }),
    unconfirmed: async () => (await unconfirmed(await p.telegram(), 'is unconfirmed')).postId,
    published: async () => post(await p.vk(), 'is published', { publish_now: true }),
    failed: async () => post(await p.telegram(), 'has failed', { publish_now: true }, refusal),
    cancelled: async () => {
      const id = await post(await p.telegram(), 'is cancelled', { scheduled_at: soon(3_600_000) });
      await p.ask('POST', `/v1/posts/${id}/cancel`);
      return id;
    },
  };
  for (const [state, make] of Object.entries(made)) {
    test(`that is ${state} takes ${allowed[state]?.join(', ') || 'no act'} and refuses the others`, async () => {
      const one = await reaches(await make(), state);
      for (const name of acts.filter((name) => !allowed[state]?.includes(name))) {
        const answer = await act(one, name);
        const code = state === 'sending' || state === 'confirming' ? 'publication_in_flight' : 'wrong_state';
        expect([name, answer.status, answer.body.code]).toEqual([name, 409, code]);
      }
      const [row] = await p.test.ctx.sql`select state, note from publications where id = ${one.id}`;
      expect(row).toEqual({ state, note: one.note });
      // What is offered is what works.
      for (const name of one.actions) expect([...(allowed[state] ?? []), ...afterwards]).toContain(name);
    });
  }

  test('that is not there takes no act, and none takes what it does not know', async () => {
    for (const name of acts) expect((await act({ id: someId }, name)).status).toBe(404);
    for (const [body, path] of [
      [{ remote_url: 'not an address' }, '/remote_url'],
      [{ remote_id: '5' }, '/remote_id'],
      [{ remote_url: `https://t.me/x/${'1'.repeat(500)}` }, '/remote_url'],
    ] as const) {
      const answer = await act({ id: someId }, 'confirm', body);
      expect([answer.status, answer.body.errors[0].path]).toEqual([422, path]);
    }
  });
});

describe('a failure', () => {
  test('that was dismissed needs no attention, stays failed, and needs it again when another try fails', async () => {
    const channel = await p.telegram();
    const postId = await post(channel, 'refused for good', { publish_now: true }, refusal);
    const failed = await reaches(postId, 'failed');
    const waits = async () => {
      const { body } = await p.ask('GET', `/v1/posts/${postId}`);
      return [body.status, body.needs_attention];
    };
    expect(failed.actions).toEqual(['retry', 'dismiss']);
    expect(await waits()).toEqual(['failed', true]);
    const dismissed = await done(failed, 'dismiss');
    expect([dismissed.state, dismissed.actions]).toEqual(['failed', ['retry', 'restore']]);
    expect(await waits()).toEqual(['failed', false]);
    expect((await done(failed, 'dismiss')).dismissed_at).toBe(dismissed.dismissed_at);
    await done(failed, 'restore');
    expect(await waits()).toEqual(['failed', true]);
    const again = [
      () => done(failed, 'retry'),
      () => p.ask('PATCH', `/v1/posts/${postId}`, { scheduled_at: soon(200) }),
    ];
    for (const [index, act] of again.entries()) {
      await done(failed, 'dismiss');
      p.sandbox.fault({
        network: channel.network,
        method: 'sendMessage',
        match: { text_contains: 'refused for good' },
        action: refusal,
      });
      await act();
      expect((await reaches(postId, 'failed')).attempts).toBe(2 + index);
      expect(await waits()).toEqual(['failed', true]);
    }
  });
});

describe('retry', () => {
  test('of a failed one is a new attempt, with what was edited meanwhile', async () => {
    const channel = await p.telegram();
    const postId = await post(channel, 'refused once', { publish_now: true }, refusal);
    const failed = await reaches(postId, 'failed');
    expect(failed.error).toMatchObject({ kind: 'rejected', next_step: expect.any(String) });
    expect((await p.ask('GET', `/v1/posts/${postId}`)).body).toMatchObject({ status: 'failed' });
    const edit = await p.ask('PATCH', `/v1/posts/${postId}`, { text: 'said otherwise' });
    expect([edit.status, edit.body.status]).toEqual([200, 'failed']);
    const retried = await done(failed, 'retry');
    expect([retried.state, retried.error, retried.hold_reason]).toEqual(['scheduled', null, null]);
    const one = await reaches(postId, 'published');
    expect(one.attempts).toBe(2);
    expect(one.evidence.map(({ outcome }) => outcome)).toEqual(['rejected', 'accepted']);
    expect(one.history.map(({ to }) => to)).toEqual([
      'scheduled',
      'sending',
      'failed',
      'scheduled',
      'sending',
      'published',
    ]);
    expect([accepted('refused once'), accepted('said otherwise').length]).toEqual([[], 1]);
  });

  test('of many at once is one attempt', async () => {
    const postId = await post(await p.telegram(), 'pressed often', { publish_now: true }, refusal);
    const failed = await reaches(postId, 'failed');
    const answers = await Promise.all(Array.from({ length: 6 }, () => act(failed, 'retry')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await reaches(postId, 'published')).attempts).toBe(2);
    expect(accepted('pressed often')).toHaveLength(1);
  });

  test('where the community is gone holds it, and says why', async () => {
    const channel = await p.telegram();
    const postId = await post(channel, 'no place left', { publish_now: true }, refusal);
    const failed = await reaches(postId, 'failed');
    await p.ask('DELETE', `/v1/communities/${channel.id}`);
    await done(failed, 'retry');
    const held = await reaches(postId, 'held');
    expect([held.hold_reason, held.note]).toEqual(['disconnected', 'the community was disconnected']);
    expect((await p.ask('GET', `/v1/posts/${postId}`)).body.needs_attention).toBe(true);
  });
});

describe('what is held for being late', () => {
  test('goes out when it is released, and not before', async () => {
    const { postId, one } = await late('better late');
    await Bun.sleep(400);
    expect(accepted('better late')).toEqual([]);
    expect((await p.ask('GET', `/v1/posts/${postId}`)).body).toMatchObject({
      status: 'scheduled',
      needs_attention: true,
    });
    const released = await done(one, 'release');
    expect([released.state, released.hold_reason]).toEqual(['scheduled', null]);
    await reaches(postId, 'published');
    expect(accepted('better late')).toHaveLength(1);
  });

  test('can be moved to another time, or dropped', async () => {
    const moved = await late('another day');
    const change = await p.ask('PATCH', `/v1/posts/${moved.postId}`, { scheduled_at: soon(600) });
    expect(change.body.publications[0]).toMatchObject({ state: 'scheduled', hold_reason: null });
    await reaches(moved.postId, 'published');
    const dropped = await late('never mind');
    expect(await done(dropped.one, 'discard')).toMatchObject({
      state: 'cancelled',
      hold_reason: null,
      actions: [],
    });
    const cancelled = await late('nor this');
    expect((await done(cancelled.one, 'cancel')).state).toBe('cancelled');
    await Bun.sleep(300);
    expect([accepted('another day').length, accepted('never mind'), accepted('nor this')]).toEqual([
      1,
      [],
      [],
    ]);
  });
});

describe('what nobody can know', () => {
  test('is confirmed with the address of the post, and by no other address', async () => {
    const channel = await p.telegram();
    const other = await p.telegram();
    const { postId, one } = await unconfirmed(channel, 'is it there?');
    expect((await p.ask('GET', `/v1/posts/${postId}`)).body).toMatchObject({
      status: 'publishing',
      needs_attention: true,
    });
    const remoteId = accepted('is it there?')[0]?.remote_id ?? '';
    const address = (place: Connected, id: string) =>
      `https://t.me/c/${String(place.place).replace('-100', '')}/${id}`;
    for (const remote_url of [
      address(other, remoteId),
      'https://t.me/durov/1',
      'https://example.org/1',
      `https://t.me.example.org/c/1/${remoteId}`,
      'javascript:alert(1)',
      address(channel, ''),
    ]) {
      const answer = await act(one, 'confirm', { remote_url });
      expect([remote_url, answer.status, answer.body.errors?.[0].path]).toEqual([
        remote_url,
        422,
        '/remote_url',
      ]);
    }
    const confirmed = await done(one, 'confirm', { remote_url: address(channel, remoteId) });
    expect(confirmed).toMatchObject({ state: 'published', remote_id: remoteId, error: null });
    const after = await reaches(postId, 'published');
    expect(after.evidence).toMatchObject([{ kind: 'send', outcome: 'accepted', decided_by: 'a person' }]);

    const again = await unconfirmed(channel, 'and this one?');
    const taken = await act(again.one, 'confirm', { remote_url: address(channel, remoteId) });
    expect([taken.status, taken.body.errors[0]]).toEqual([
      422,
      { path: '/remote_url', message: 'Another publication has this address already.' },
    ]);
    // Without an address it is published all the same.
    expect(await done(again.one, 'confirm')).toMatchObject({
      state: 'published',
      remote_id: null,
      remote_url: null,
    });
    expect((await reaches(again.postId, 'published')).published_at).not.toBe(null);
  });

  test('is sent again only when a person says that it is not there', async () => {
    const { postId, one } = await unconfirmed(await p.telegram(), 'lost on the way', 'drop_before');
    await Bun.sleep(300);
    expect((await reaches(postId, 'unconfirmed')).attempts).toBe(1);
    expect((await done(one, 'absent')).state).toBe('scheduled');
    const after = await reaches(postId, 'published');
    expect(after.evidence.map(({ outcome, decided_by }) => [outcome, decided_by])).toEqual([
      ['absent', 'a person'],
      ['accepted', 'worker'],
    ]);
    expect(accepted('lost on the way')).toHaveLength(1);
  });

  test('that is lost twice is asked about twice', async () => {
    const channel = await p.telegram();
    const drop: FaultAction = { kind: 'drop_before' };
    const postId = await post(channel, 'lost twice', { publish_now: true }, drop, drop);
    await done(await reaches(postId, 'unconfirmed'), 'absent');
    await p.reaches(postId, ['sending', 'confirming', 'scheduled', 'unconfirmed']);
    for (let n = 0; n < 200 && (await reaches(postId, 'unconfirmed')).attempts < 2; n += 1)
      await Bun.sleep(20);
    const again = await reaches(postId, 'unconfirmed');
    expect(again.evidence.map(({ outcome }) => outcome)).toEqual(['absent', 'unknown']);
    await done(again, 'discard');
    expect(accepted('lost twice')).toEqual([]);
  });

  test('is discarded and neither sent again nor deleted with its history', async () => {
    const { postId, one } = await unconfirmed(await p.telegram(), 'let it be');
    expect((await done(one, 'discard')).state).toBe('cancelled');
    expect((await p.ask('GET', `/v1/posts/${postId}`)).body).toMatchObject({
      status: 'cancelled',
      needs_attention: false,
    });
    const removal = await p.ask('DELETE', `/v1/posts/${postId}`);
    expect([removal.status, removal.body.code]).toEqual([409, 'wrong_state']);
    expect((await p.ask('PATCH', `/v1/posts/${postId}`, { scheduled_at: soon(500) })).status).toBe(409);
    expect(accepted('let it be')).toHaveLength(1);
  });

  test('is decided once, whatever is pressed at the same moment', async () => {
    for (let n = 0; n < 4; n += 1) {
      const text = `pressed at once ${n}`;
      const { postId, one } = await unconfirmed(await p.telegram(), text, 'drop_before');
      const names = ['confirm', 'absent', 'discard', 'absent', 'confirm', 'discard'] as const;
      const answers = await Promise.all(names.map((name) => act(one, name)));
      const won = names.filter((_, index) => answers[index]?.status === 200);
      expect(won).toHaveLength(1);
      for (const { status } of answers) expect([200, 409]).toContain(status);
      await reaches(postId, won[0] === 'discard' ? 'cancelled' : 'published');
      expect(accepted(text)).toHaveLength(won[0] === 'absent' ? 1 : 0);
    }
  });
});

test('cancel stops one place and leaves the others of the post', async () => {
  const [channel, group] = [await p.telegram(), await p.vk()];
  const postId = await post(channel, 'one of two', {
    community_ids: [channel.id, group.id],
    scheduled_at: soon(500),
  });
  const two = await p.reaches(postId, 'scheduled');
  const one = two.find(({ community }) => community.network === 'telegram');
  expect((await done({ id: one?.id ?? '' }, 'cancel')).state).toBe('cancelled');
  await p.reaches(postId, ['cancelled', 'published']);
  expect(accepted('one of two').map(({ place }) => place)).toEqual([String(-group.place)]);
  expect((await p.ask('GET', `/v1/posts/${postId}`)).body.status).toBe('published');
});

test('the history of a publication can be neither forged nor rewritten by a request', async () => {
  const postId = await post(await p.telegram(), 'for the record', { scheduled_at: soon(3_600_000) });
  const one = await reaches(postId, 'scheduled');
  const { sql } = p.test.ctx;
  await expect(
    Promise.resolve(
      sql`update publications set state = 'published', published_at = now() where id = ${one.id}`,
    ),
  ).rejects.toThrow('cannot go from scheduled to published');
  for (const statement of [
    `insert into publication_events (workspace_id, publication_id, to_state) values ('${p.owner.workspaceId}', '${one.id}', 'published')`,
    `update publication_events set to_state = 'published'`,
    'delete from publication_events',
    'delete from publication_attempts',
  ]) {
    await expect(
      sql.begin(async (tx) => {
        await tx.unsafe(
          `set local role outpost_app; set local outpost.workspace_id = '${p.owner.workspaceId}'`,
        );
        await tx.unsafe(statement);
      }),
    ).rejects.toThrow('permission denied');
  }
});

test('the status of a post follows from the states of its publications, for every mix of them', async () => {
  const states = Object.keys({
    scheduled: 0,
    held: 0,
    sending: 0,
    confirming: 0,
    unconfirmed: 0,
    published: 0,
    failed: 0,
    cancelled: 0,
  });
  const mixes = Array.from({ length: 2 ** states.length }, (_, bits) =>
    states.filter((_, index) => bits & (1 << index)),
  );
  const rows = await p.test.ctx.sql<{ status: string }[]>`
    select post_status(array(select jsonb_array_elements_text(mix))) as status
    from jsonb_array_elements(${p.test.ctx.sql.json(mixes)}) with ordinality as m(mix, n) order by n`;
  expect(rows).toHaveLength(256);
  for (const [index, mix] of mixes.entries()) {
    const status = rows[index]?.status ?? '';
    const has = (...some: string[]) => some.some((state) => mix.includes(state));
    const wait = has('scheduled', 'held');
    const flying = has('sending', 'confirming', 'unconfirmed');
    const rules: [string, boolean][] = [
      ['draft', mix.length === 0],
      ['publishing', flying || (wait && has('published'))],
      ['scheduled', wait && !flying && !has('published')],
      ['partially_published', !wait && !flying && has('published') && has('failed')],
      ['published', !wait && !flying && has('published') && !has('failed')],
      ['failed', !wait && !flying && !has('published') && has('failed')],
      ['cancelled', mix.length === 1 && has('cancelled')],
    ];
    // Each mix fits one rule alone: none is ambiguous, none is forgotten.
    expect([mix, rules.filter(([, fits]) => fits).map(([name]) => name)]).toEqual([mix, [status]]);
  }
});

test('what cannot follow a post that is confirmed without its address is told', async () => {
  const channel = await p.telegram();
  p.sandbox.fault({
    network: 'telegram',
    method: 'sendMessage',
    match: { text_contains: 'to be pinned' },
    action: { kind: 'drop_after' },
  });
  const options = { pin: true, delete_after_hours: 5 };
  const postId = await post(channel, 'to be pinned', {
    overrides: { telegram: { options } },
    publish_now: true,
  });
  const confirmed = await done(await reaches(postId, 'unconfirmed'), 'confirm');
  expect(confirmed.note).toBe(
    'a person looked: it is there; left out, since no address was given: pin, deletion',
  );
});
