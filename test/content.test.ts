import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
let channel: Connected;
let group: Connected;
beforeAll(async () => {
  p = await openPublishing();
  channel = await p.telegram();
  group = await p.vk();
  await p.start();
}, 30_000);
afterAll(() => p.close());

async function made(body: object) {
  const answer = await p.ask('POST', '/v1/posts', body);
  expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
  return answer.body;
}

async function faults(body: object): Promise<[string, string][]> {
  const answer = await p.ask('POST', '/v1/posts', body);
  expect(answer.status).toBe(422);
  return answer.body.errors.map((fault: { path: string; message: string }) => [fault.path, fault.message]);
}

const standing = (to: Connected) =>
  p.sandbox
    .posts()
    .filter((place) => Math.abs(Number(place.place)) === Math.abs(to.place))
    .flatMap((place) => place.posts);

describe('formatted text', () => {
  const bold = { type: 'bold', offset: 3, length: 4 };

  test.each([
    ['markdown', '🎉 **bold** & [a link](https://example.com/a)'],
    ['html', '🎉 <b>bold</b> &amp; <a href="https://example.com/a">a link</a>'],
  ])(
    'is kept once, whether it comes as %s or as entities, and goes out as each network writes it',
    async (format, text) => {
      const to = [await p.telegram(), await p.vk()] as const;
      const post = await made({ text, format, community_ids: to.map(({ id }) => id), publish_now: true });
      const entities = [bold, { type: 'text_link', offset: 10, length: 6, url: 'https://example.com/a' }];
      expect([post.text, post.entities]).toEqual(['🎉 bold & a link', entities]);
      await p.reaches(post.id, 'published');
      const [onTelegram] = standing(to[0]);
      expect([onTelegram?.text, onTelegram?.entities]).toEqual(['🎉 bold & a link', entities]);
      expect(standing(to[1])[0]?.text).toBe('🎉 bold & a link (https://example.com/a)');
    },
  );

  test('is counted as each network counts it, after it is rendered', async () => {
    const body = {
      text: '[x](https://example.com/long) 🎉',
      format: 'markdown',
      community_ids: [channel.id, group.id],
    };
    const { communities } = (await p.ask('POST', '/v1/posts/preview', body)).body;
    expect(
      communities.map((one: { messages: { length: { count: number } }[] }) => one.messages[0]?.length.count),
    ).toEqual(['x 🎉'.length, 'x (https://example.com/long) 🎉'.length]);
  });

  test.each([
    [{ text: 'short', entities: [{ type: 'bold', offset: 0, length: 9 }] }, '/entities/0/length'],
    [{ text: '🎉', entities: [{ type: 'bold', offset: 1, length: 1 }] }, '/entities/0/offset'],
    [
      { text: 'x', entities: [{ type: 'text_link', offset: 0, length: 1, url: 'javascript:alert(1)' }] },
      '/entities/0/url',
    ],
    [{ text: 'x', entities: [{ type: 'blink', offset: 0, length: 1 }] }, '/entities/0/type'],
    [{ text: '<script>x</script>', format: 'html' }, '/text'],
    [{ text: '**x**', format: 'markdown', entities: [] }, '/entities'],
    [{ text: 'x', parts: [{ text: '<b>open', format: 'html' }] }, '/parts/0/text'],
    [
      { text: 'x', overrides: { vk: { text: 'y', entities: [{ type: 'bold', offset: 0, length: 2 }] } } },
      '/overrides/vk/entities/0/length',
    ],
  ])('that is wrong is refused with its place: %j', async (body, path) => {
    expect((await faults(body))[0]?.[0]).toBe(path);
  });
});

describe('what differs', () => {
  test('in one community goes over what differs at its network', async () => {
    const [one, two] = [await p.telegram(), await p.telegram()];
    const post = await made({
      text: 'for all',
      community_ids: [one.id, two.id],
      overrides: {
        telegram: { text: 'for Telegram', options: { silent: true } },
        [two.id]: { text: 'for the second alone' },
      },
      publish_now: true,
    });
    await p.reaches(post.id, 'published');
    expect(standing(one)[0]?.text).toBe('for Telegram');
    expect(standing(two)[0]?.text).toBe('for the second alone');
  });

  test('an option that a network does not know, or of the wrong kind, is refused with its place', async () => {
    const at = { text: 'x', community_ids: [channel.id] };
    expect((await faults({ ...at, overrides: { telegram: { options: { sielent: true } } } }))[0]?.[0]).toBe(
      '/overrides/telegram/options/sielent',
    );
    expect(
      (await faults({ ...at, overrides: { [channel.id]: { options: { silent: 'yes' } } } }))[0]?.[0],
    ).toBe(`/overrides/${channel.id}/options/silent`);
  });

  test('a fault of what differs is told where it stands', async () => {
    const [fault] = await faults({
      text: 'x',
      community_ids: [channel.id],
      overrides: { [channel.id]: { text: 'y'.repeat(4_097) } },
      publish_now: true,
    });
    expect(fault?.[0]).toBe(`/overrides/${channel.id}/text`);
  });
});

describe('a poll', () => {
  const poll = { question: 'Tea or coffee?', options: ['Tea', 'Coffee'] };

  test('goes out on both networks, each in its own way', async () => {
    const to = [await p.telegram(), await p.vk()] as const;
    const post = await made({
      text: 'We ask',
      poll,
      community_ids: to.map(({ id }) => id),
      publish_now: true,
    });
    await p.reaches(post.id, 'published');
    for (const place of to) {
      const asked = standing(place).find((one) => one.poll !== null);
      expect([asked?.poll?.question, asked?.poll?.answers.map(({ text }) => text)]).toEqual([
        'Tea or coffee?',
        ['Tea', 'Coffee'],
      ]);
    }
  });

  test('that was changed after a refusal goes out as it is now', async () => {
    const to = await p.vk();
    p.sandbox.fault({
      network: 'vk',
      method: 'wall.post',
      match: { text_contains: 'Ask again' },
      action: { kind: 'vk_error', error_code: 222, error_msg: 'Hyperlinks are forbidden' },
    });
    const post = await made({ text: 'Ask again', poll, community_ids: [to.id], publish_now: true });
    await p.reaches(post.id, 'failed');
    const better = { question: 'Juice?', options: ['Yes', 'No'] };
    expect((await p.ask('PATCH', `/v1/posts/${post.id}`, { poll: better })).status).toBe(200);
    const [one] = await p.reaches(post.id, 'failed');
    await p.ask('POST', `/v1/publications/${one?.id}/retry`);
    await p.reaches(post.id, 'published');
    expect(standing(to)[0]?.poll?.question).toBe('Juice?');
  });

  test('with a right answer that is not there, or an answer twice, is refused', async () => {
    expect((await faults({ poll: { ...poll, quiz: { correct: 2 } } }))[0]?.[0]).toBe('/poll/quiz');
    expect((await faults({ poll: { ...poll, options: ['Tea', 'Tea'] } }))[0]?.[0]).toBe('/poll/options');
  });
});

test('the same words to the same community within 30 days are warned of, not refused', async () => {
  const to = await p.telegram();
  const elsewhere = await p.telegram();
  const first = await made({ text: 'Hello, World!', community_ids: [to.id], publish_now: true });
  await p.reaches(first.id, 'published');
  const warned = async (body: object) => {
    const answer = await p.ask('POST', '/v1/posts/preview', body);
    return answer.body.communities[0].warnings.map((one: { code: string }) => one.code);
  };
  expect(await warned({ text: 'hello world', community_ids: [to.id] })).toContain('said_already');
  expect(await warned({ text: 'hello world', community_ids: [elsewhere.id] })).not.toContain('said_already');
  expect(await warned({ text: 'hello there', community_ids: [to.id] })).not.toContain('said_already');
  const later = new Date(Date.now() + 40 * 86_400_000).toISOString();
  expect(await warned({ text: 'hello world', community_ids: [to.id], scheduled_at: later })).not.toContain(
    'said_already',
  );
});

test('an edit keeps what differs elsewhere; null takes it away', async () => {
  const post = await made({
    text: 'for all',
    community_ids: [channel.id, group.id],
    overrides: { telegram: { options: { silent: true } }, vk: { text: 'for VK' } },
  });
  const options = { options: { protect: true } };
  const edited = await p.ask('PATCH', `/v1/posts/${post.id}`, { overrides: { telegram: options } });
  expect(edited.body.overrides).toEqual({ telegram: options, vk: { text: 'for VK', entities: [] } });
  const less = await p.ask('PATCH', `/v1/posts/${post.id}`, { overrides: { vk: null } });
  expect(less.body.overrides).toEqual({ telegram: options });
});

test('a large preview that nobody outside could fetch is refused at once', async () => {
  const [fault] = await faults({
    text: 'long '.repeat(300).trim(),
    media_ids: [await p.picture()],
    community_ids: [channel.id],
    overrides: { telegram: { options: { long_caption: 'preview' } } },
    publish_now: true,
  });
  expect(fault?.[0]).toBe('/overrides/telegram/options/long_caption');
});
