import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
let channel: Connected;
beforeAll(async () => {
  p = await openPublishing();
  channel = await p.telegram({ timezone: 'Asia/Vladivostok' });
}, 30_000);
afterAll(() => p.close());

const hour = 3_600_000;
const at = (milliseconds: number) =>
  new Date(Math.ceil(Date.now() / 1_000) * 1_000 + milliseconds).toISOString();

test('a span of time has its posts in order, in short, with the state in each community', async () => {
  const post = async (body: object) => {
    const answer = await p.ask('POST', '/v1/posts', { community_ids: [channel.id], ...body });
    expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
    return answer.body;
  };
  const [first, second] = [at(hour), at(2 * hour)];
  const late = await post({ text: 'b'.repeat(300), scheduled_at: second });
  const early = await post({
    text: 'Early',
    local_time: new Intl.DateTimeFormat('sv', {
      timeZone: 'Asia/Vladivostok',
      dateStyle: 'short',
      timeStyle: 'medium',
    })
      .format(new Date(first))
      .replace(' ', 'T'),
    parts: [{ text: 'more' }],
    media_ids: [await p.picture()],
  });
  await post({ text: 'a draft has no time' });
  await post({ text: 'beyond', scheduled_at: at(50 * hour) });
  const { status, body } = await p.ask('GET', `/v1/calendar?from=${at(0)}&to=${at(24 * hour)}`);
  expect(status).toBe(200);
  expect(body).toEqual({
    complete: true,
    data: [
      {
        id: early.id,
        status: 'scheduled',
        needs_attention: false,
        at: first,
        timezone: 'Asia/Vladivostok',
        text: 'Early',
        files: 1,
        poll: false,
        parts: 1,
        series_id: null,
        publications: [{ community_id: channel.id, state: 'scheduled' }],
      },
      expect.objectContaining({ id: late.id, at: second, timezone: null, text: 'b'.repeat(160), files: 0 }),
    ],
  });
});

test('a span that ends before it begins, or is too long, is refused', async () => {
  for (const to of [at(0), at(101 * 24 * hour)]) {
    const { status, body } = await p.ask('GET', `/v1/calendar?from=${at(hour)}&to=${to}`);
    expect([status, body.errors?.[0]?.path]).toEqual([422, 'query/to']);
  }
});
