import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
beforeAll(async () => {
  p = await openPublishing({ durations: { actRetry: [50, 100] } });
  await p.start();
}, 30_000);
afterAll(() => p.close());

interface One {
  id: string;
  part: number;
  community: { id: string };
  acts: { id: string; kind: string; state: string }[];
}

async function published(to: Connected[], body: object): Promise<string> {
  const community_ids = to.map(({ id }) => id);
  const made = await p.ask('POST', '/v1/posts', { community_ids, publish_now: true, ...body });
  expect([made.status, made.body.errors]).toEqual([201, undefined]);
  await p.reaches(made.body.id, 'published');
  return made.body.id;
}

async function edited(id: string, change: object): Promise<void> {
  const answer = await p.ask('PATCH', `/v1/posts/${id}`, change);
  expect([answer.status, answer.body.errors ?? answer.body.detail]).toEqual([200, undefined]);
}

async function faults(id: string, change: object): Promise<string[]> {
  const answer = await p.ask('PATCH', `/v1/posts/${id}`, change);
  expect(answer.status).toBe(422);
  return answer.body.errors.map((fault: { path: string }) => fault.path);
}

/** Community and part of each publication that something is done with. */
async function acted(id: string): Promise<[string, number, string][]> {
  const { body } = await p.ask('GET', `/v1/posts/${id}/publications`);
  return body.data.flatMap((one: One) =>
    one.acts.map((act): [string, number, string] => [one.community.id, one.part, act.kind]),
  );
}

/** Waits until every act of the post is in one of these states; answers them. */
async function over(id: string, states: string[]): Promise<One['acts']> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { body } = await p.ask('GET', `/v1/posts/${id}/publications`);
    const acts = body.data.flatMap((one: One) => one.acts);
    if (acts.length > 0 && acts.every((act: { state: string }) => states.includes(act.state))) return acts;
    if (Date.now() > deadline) throw new Error(`not over: ${JSON.stringify(acts)}`);
    await Bun.sleep(25);
  }
}

const poll = {
  question: 'Coming?',
  options: ['Yes', 'No'],
  multiple: false,
  anonymous: true,
  quiz: null,
};

describe('an edit of a public post touches only what it changes', () => {
  test('a VK post with parts, which are comments that cannot be edited, gets new words', async () => {
    const group = await p.vk();
    const id = await published([group], { text: 'first words', parts: [{ text: 'a comment' }] });
    await edited(id, { text: 'better words' });
    expect(await acted(id)).toEqual([[group.id, 1, 'edit']]);
    expect(await faults(id, { parts: [{ text: 'another comment' }] })).toEqual(['/parts/0/text']);
  }, 20_000);

  test('a Telegram poll stands in the way of nothing but itself', async () => {
    const channel = await p.telegram();
    const id = await published([channel], { text: 'a question', poll });
    await edited(id, { first_comment: null });
    expect(await acted(id)).toEqual([]);
    // The same poll, written otherwise.
    await edited(id, { text: 'the question', poll: { options: poll.options, question: poll.question } });
    expect(await acted(id)).toEqual([[channel.id, 1, 'edit']]);
    expect(await faults(id, { poll: { ...poll, question: 'Going?' } })).toEqual(['/poll']);
    expect(await faults(id, { poll: null })).toEqual(['/poll']);
    expect(await faults(id, { overrides: { telegram: { poll: { ...poll, multiple: true } } } })).toEqual([
      '/overrides/telegram/poll',
    ]);
    expect(await faults(id, { parts: [{ text: 'more' }] })).toEqual(['/parts']);
  });

  test('an override of one network asks nothing of the other, and what is the same asks nothing at all', async () => {
    // Its token cannot edit.
    const [group, channel] = [await p.vk({ tokens: ['community'] }), await p.telegram()];
    const id = await published([group, channel], { text: 'to both' });
    await edited(id, { overrides: { telegram: { text: 'to one of them' } } });
    expect(await acted(id)).toEqual([[channel.id, 1, 'edit']]);
    await over(id, ['done']);
    await edited(id, { text: 'to both', entities: [], time_sensitive: true });
    expect((await acted(id)).length).toBe(1);
    expect(await faults(id, { text: 'to nobody' })).toEqual(['/text']);
  });

  test('what is not public yet takes another poll, and a place that was cancelled hinders nothing', async () => {
    const [channel, group, gone] = [await p.telegram(), await p.vk(), await p.telegram()];
    const made = await p.ask('POST', '/v1/posts', {
      text: 'here and there',
      overrides: { vk: { poll } },
      community_ids: [channel.id, group.id, gone.id],
      scheduled_at: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const { id, publications } = made.body;
    const of = (to: Connected): One => publications.find((one: One) => one.community.id === to.id);
    await p.ask('POST', `/v1/publications/${of(gone).id}/cancel`);
    expect((await p.ask('DELETE', `/v1/communities/${gone.id}`)).status).toBe(204);
    const at = new Date();
    await p.test.ctx.sql`
      update publications set due_at = ${at}, next_try_at = ${at}, late_at = ${new Date(at.getTime() + 60_000)}
      where id = ${of(channel).id}`;
    p.test.ctx.planned.changed(at);
    for (let state = ''; state !== 'published'; await Bun.sleep(20)) {
      const { body } = await p.ask('GET', `/v1/posts/${id}`);
      state = body.publications.find((one: One) => one.community.id === channel.id).state;
    }
    await edited(id, { text: 'all over', overrides: { vk: { poll: { ...poll, question: 'Going?' } } } });
    expect(await acted(id)).toEqual([[channel.id, 1, 'edit']]);
    expect(await faults(id, { overrides: { vk: { text: 'x'.repeat(20_000), poll } } })).toEqual([
      '/overrides/vk/text',
    ]);
  });
});

describe('a post waits for a person', () => {
  const attention = async (query: string): Promise<string[]> => {
    const { body } = await p.ask('GET', `/v1/posts?limit=100&${query}`);
    return body.data.map((post: { id: string }) => post.id);
  };
  const waits = async (id: string): Promise<boolean> => {
    const shown: boolean = (await p.ask('GET', `/v1/posts/${id}`)).body.needs_attention;
    const lists = await Promise.all([attention('needs_attention=true'), attention('needs_attention=false')]);
    expect(lists.map((ids) => ids.includes(id))).toEqual([shown, !shown]);
    const { body } = await p.ask('GET', '/v1/posts?limit=100');
    const listed = body.data.find((post: { id: string }) => post.id === id);
    expect(listed.needs_attention).toBe(shown);
    return shown;
  };

  test('when an act failed, until one of its kind was done or the post is gone; its neighbours do not', async () => {
    const channel = await p.telegram();
    const [id, other] = [
      await published([channel], { text: 'pin me' }),
      await published([channel], { text: 'me not' }),
    ];
    const [one] = (await p.ask('GET', `/v1/posts/${id}`)).body.publications;
    const refuse = () =>
      p.sandbox.fault({
        network: 'telegram',
        method: 'pinChatMessage',
        action: { kind: 'telegram_error', error_code: 400, description: 'Bad Request: not enough rights' },
      });
    refuse();
    await p.ask('POST', `/v1/publications/${one.id}/pin`);
    const [act] = await over(id, ['failed']);
    expect([await waits(id), await waits(other)]).toEqual([true, false]);
    expect((await p.ask('POST', `/v1/acts/${act?.id}/retry`)).status).toBe(200);
    await over(id, ['done']);
    expect(await waits(id)).toBe(false);

    const [two] = (await p.ask('GET', `/v1/posts/${other}`)).body.publications;
    refuse();
    await p.ask('POST', `/v1/publications/${two.id}/pin`);
    await over(other, ['failed']);
    expect(await waits(other)).toBe(true);
    await p.ask('POST', `/v1/publications/${two.id}/pin`);
    await over(other, ['failed', 'done']);
    expect(await waits(other)).toBe(false);

    refuse();
    await p.ask('POST', `/v1/publications/${one.id}/pin`);
    await over(id, ['failed', 'done']);
    expect(await waits(id)).toBe(true);
    await p.ask('POST', `/v1/publications/${one.id}/delete`);
    await over(id, ['failed', 'done']);
    expect(await waits(id)).toBe(false);
  }, 20_000);

  test('when nobody can know whether a comment is there', async () => {
    // Its token cannot read.
    const group = await p.vk({ tokens: ['community'] });
    const id = await published([group], { text: 'said something?' });
    const [one] = (await p.ask('GET', `/v1/posts/${id}`)).body.publications;
    p.sandbox.fault({ network: 'vk', method: 'wall.createComment', action: { kind: 'drop_after' } });
    await p.ask('POST', `/v1/publications/${one.id}/comment`, { text: 'perhaps' });
    const [act] = await over(id, ['unconfirmed']);
    expect(await waits(id)).toBe(true);
    await p.ask('POST', `/v1/acts/${act?.id}/discard`);
    expect(await waits(id)).toBe(false);
  }, 30_000);
});
